#include "device/kernels/cut/cut.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(DType t, const Shape& x, const Shape& y, std::vector<int64_t> dims) {
  TestStep s;
  s.in = {tensor(t, x)};
  for (int64_t i = 0; i < x.count(); ++i) set(s.in[0], i, static_cast<double>(i % 100));
  s.out = {tensor(t, y)};
  s.dims = std::move(dims);
  return s;
}

TEST(Cut, ForwardsAndBackwards) {
  for (DType t : {DType::u8, DType::i16, DType::f32, DType::f64}) {
    // x[4:0:-2, 1:7:3]
    TestStep s = step_of(t, {5, 7}, {2, 2}, {4, 1, -2, 3});
    for (const Kernel* k : kernels_of("cut")) {
      const Outcome o = run_kernel(*k, s);
      ASSERT_EQ(o.refused, nullptr) << o.refused;
      EXPECT_EQ(o.problem, "");
      const double wanted[] = {29, 32, 15, 18};
      for (int i = 0; i < 4; ++i) EXPECT_EQ(get(s.out[0], i), wanted[i]) << name(t) << i;
    }
  }
}

TEST(Cut, NothingTaken) {
  TestStep s = step_of(DType::f32, {5, 7}, {0, 2}, {0, 1, 1, 3});
  for (const Kernel* k : kernels_of("cut")) EXPECT_EQ(run_kernel(*k, s).problem, "");
}

TEST(Cut, WhatLiesBeyondIsRefused) {
  for (const auto& dims : std::vector<std::vector<int64_t>>{
           {4, 1, 2, 3}, {4, 1, -5, 3}, {5, 1, 1, 1}, {-1, 0, 1, 1}, {0, 5, 1, 3}}) {
    TestStep s = step_of(DType::f32, {5, 7}, {2, 2}, dims);
    for (const Kernel* k : kernels_of("cut")) EXPECT_NE(run_kernel(*k, s).refused, nullptr);
  }
}

TEST(Cut, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("cut",
                              {step_of(DType::f32, {5, 7}, {2, 2}, {4, 1, -2, 3}),
                               step_of(DType::u8, {90, 90}, {80, 30}, {1, 1, 1, 2})},
                              10000),
            "");
}

}  // namespace
}  // namespace hone::kernels
