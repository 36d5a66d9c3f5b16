// Models of %x f32[n] and %flag bool[], compiled for any n: one context runs other data each time,
// and every result is held against the reference.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "device/runtime/testing/allocators.h"
#include "hone/hone.hpp"
#include "host/engine/compile.h"
#include "host/exec/run_plan.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"

namespace hone::plan_tests {

using runtime::testing::TestAllocator;

struct Run {
  bool flag;
  std::vector<float> x;
};

inline const std::vector<Run> runs = {
    {true, {0.1f, 0.9f, 0.8f, 0.2f, 0.7f, 0.3f}},  {false, {0.1f, 0.9f, 0.8f, 0.2f, 0.7f, 0.3f}},
    {true, {0.1f, 0.9f, 0.8f, 0.2f, 0.7f, 0.3f}},  {true, {0.9f, 0.9f, 0.8f, 0.6f, 0.7f, 0.8f}},
    {false, {0.6f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f}}, {false, {0.1f, 0.2f, 0.3f, 0.4f, 0.1f, 0.2f}},
    {true, {0.1f, 0.2f, 0.3f, 0.4f, 0.1f, 0.2f}},  {false, {0.9f, 0.6f, 0.7f, 0.8f, 0.9f, 0.8f}},
};

inline std::vector<Tensor> tensors(const Run& run) {
  Tensor x(DType::f32, {static_cast<int64_t>(run.x.size())}), flag(DType::boolean, {});
  std::copy(run.x.begin(), run.x.end(), x.as_mutable<float>().begin());
  flag.set(0, run.flag ? 1 : 0);
  return {x, flag};
}

inline void expect_same(const Tensor& got, const Tensor& want, size_t run) {
  ASSERT_EQ(got.dims(), want.dims()) << "run " << run;
  for (int64_t k = 0; k < want.count(); ++k) {
    // Exp and sums of six values in f32.
    EXPECT_NEAR(got.at(k), want.at(k), 1e-5 * (1 + std::abs(want.at(k)))) << "run " << run;
  }
}

inline Tensor output_of(const Context& context, int index, const Tensor& like) {
  auto b = sized<hone_buffer>();
  EXPECT_EQ(hone_context_output_buffer(context.get(), index, &b), HONE_OK);
  Tensor t(like.dtype(), Dims(b.dims, b.dims + b.rank));
  std::memcpy(t.mutable_data(), b.data, static_cast<size_t>(t.bytes()));
  return t;
}

inline void check(const char* text) {
  const graph::Graph g = plan::testing::parsed(text);
  engine::CompileOptions o;
  o.target = plan::testing::test_target(mask(Isa::portable));
  auto compiled = engine::compile(g, o);
  ASSERT_TRUE(compiled.ok()) << compiled.status().text();
  TestAllocator memory;
  hone_allocator fns = memory.fns();
  Engine engine;
  Context context;
  Text why;
  ASSERT_EQ(engine.load_memory(compiled->bytes.data(), compiled->bytes.size(), &why, HONE_LOAD_COPY,
                               &fns),
            HONE_OK)
      << why.c_str();
  ASSERT_EQ(context.create(engine, nullptr, 0, 0, &why), HONE_OK) << why.c_str();
  const int64_t n[] = {6};
  ASSERT_EQ(context.set_shape(0, n, 1), HONE_OK);
  ASSERT_EQ(context.bind(), HONE_OK) << context.error();
  const int made = memory.made;
  for (size_t r = 0; r < runs.size(); ++r) {
    const std::vector<Tensor> in = tensors(runs[r]);
    auto want = ops::evaluate(g, in);
    ASSERT_TRUE(want.ok()) << want.status().text();
    for (size_t i = 0; i < in.size(); ++i) {
      auto b = sized<hone_buffer>();
      ASSERT_EQ(hone_context_input_buffer(context.get(), static_cast<int>(i), &b), HONE_OK);
      std::memcpy(b.data, in[i].data(), static_cast<size_t>(in[i].bytes()));
    }
    ASSERT_EQ(context.run(), HONE_OK) << "run " << r << ": " << context.error();
    auto planned = exec::run_plan(compiled->plan, in);
    ASSERT_TRUE(planned.ok()) << planned.status().text();
    for (size_t i = 0; i < want->size(); ++i) {
      expect_same(output_of(context, static_cast<int>(i), (*want)[i]), (*want)[i], r);
      expect_same((*planned)[i], (*want)[i], r);
    }
  }
  EXPECT_EQ(memory.made, made) << "running never allocates";
}

}  // namespace hone::plan_tests
