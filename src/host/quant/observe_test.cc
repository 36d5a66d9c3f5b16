#include "host/quant/observe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"
#include "host/quant/run_graph.h"

namespace hone::quant {
namespace {

using graph::Graph;
using graph::ValueId;
using plan::testing::parsed;

constexpr const char* residual = R"(in %x f32[n,2,6,6]
const %w f32[2,2,1,1] = [1, -1, 0.5, 2]
const %b f32[2] = [0.25, -3]
%c = Conv(%x, %w, %b) "conv"
%r = Relu(%c) "relu"
%d = Conv(%r, %w) "conv2"
%s = Add(%d, %x) "sum"
%t = Relu(%s) "relu2"
%p = GlobalAveragePool(%t) "pool"
%y = Flatten(%p) "flat"
out %y as "y"
)";

Samples random_samples(int64_t count, Dims dims) {
  Samples s;
  s.count = count;
  s.get = [dims](int64_t k) -> Result<std::vector<Tensor>> {
    std::mt19937 random(static_cast<unsigned>(k + 1));
    std::normal_distribution<float> normal(0, 1 + 0.01f * static_cast<float>(k));
    Tensor t(DType::f32, dims);
    for (float& x : t.as_mutable<float>()) x = normal(random);
    return std::vector<Tensor>{t};
  };
  return s;
}

std::vector<ValueId> ids(const Graph& g, std::initializer_list<const char*> names) {
  std::vector<ValueId> out;
  for (const char* n : names) out.push_back(g.find_value(n));
  return out;
}

TEST(Observe, SeesWhatTheReferenceComputes) {
  const Graph g = parsed(residual);
  // The input, values inside that fusions would swallow, and the output.
  const auto values = ids(g, {"x", "c", "r", "d", "s", "t", "p", "y"});
  const Samples samples = random_samples(7, {1, 2, 6, 6});
  ObserveOptions o;
  o.channels = {values.begin(), values.end()};
  auto got = observe(g, values, samples, o);
  ASSERT_TRUE(got.ok()) << got.status().text();
  Statistics want;
  for (int64_t k = 0; k < samples.count; ++k) {
    auto inputs = samples.get(k);
    want[values[0]].add((*inputs)[0].as<float>(), (*inputs)[0].dims(), 1);
    auto ran = ops::evaluate(g, *inputs, [&](ValueId v, const Tensor& t) {
      if (std::find(values.begin(), values.end(), v) == values.end()) return;
      want[v].add(t.as<float>(), t.dims(), 1);
    });
    ASSERT_TRUE(ran.ok());
  }
  ASSERT_EQ(got->size(), want.size());
  for (const auto& [v, w] : want) {
    const TensorStats& s = got->at(v);
    const double size = 1e-5 * std::max(1.0f, std::max(-w.min, w.max));
    EXPECT_NEAR(s.min, w.min, size) << g.value(v).name;
    EXPECT_NEAR(s.max, w.max, size);
    EXPECT_EQ(s.count, w.count);
    EXPECT_EQ(s.samples, 7);
    ASSERT_EQ(s.channels.size(), 2u);
    for (size_t c = 0; c < 2; ++c) {
      EXPECT_NEAR(s.channel_mean(c), w.channel_mean(c), size);
      EXPECT_NEAR(s.channels[c].max, w.channels[c].max, size);
    }
  }
}

TEST(Observe, IsTheSameToTheBitForAnyOrderAndAnyNumberOfThreads) {
  const Graph g = parsed(residual);
  const auto values = ids(g, {"r", "s"});
  const Samples samples = random_samples(24, {1, 2, 6, 6});
  std::vector<int64_t> order(24);
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  auto want = observe(g, values, samples, {.threads = 1, .channels = {}, .progress = {}});
  ASSERT_TRUE(want.ok());
  for (int trial = 1; trial < 5; ++trial) {
    std::mt19937 random(static_cast<unsigned>(trial));
    std::shuffle(order.begin(), order.end(), random);
    auto got = observe(g, values, subset(samples, order),
                       {.threads = trial, .channels = {}, .progress = {}});
    ASSERT_TRUE(got.ok());
    for (ValueId v : values) {
      EXPECT_EQ(got->at(v).histogram, want->at(v).histogram);
      EXPECT_EQ(got->at(v).min, want->at(v).min);
      EXPECT_EQ(got->at(v).max, want->at(v).max);
      EXPECT_EQ(got->at(v).sample_max.value(), want->at(v).sample_max.value());
    }
  }
}

TEST(Observe, TakesSamplesOfSeveralSizes) {
  const Graph g = parsed("in %x f32[n,m]\n%y = Relu(%x) \"r\"\nout %y as \"y\"\n");
  Samples samples;
  samples.count = 6;
  samples.get = [](int64_t k) -> Result<std::vector<Tensor>> {
    Tensor t(DType::f32, {1, 3 + k % 3});
    for (float& x : t.as_mutable<float>()) x = static_cast<float>(k + 1);
    return std::vector<Tensor>{t};
  };
  auto got = observe(g, ids(g, {"y"}), samples);
  ASSERT_TRUE(got.ok()) << got.status().text();
  EXPECT_EQ(got->begin()->second.count, 24u);
  EXPECT_EQ(got->begin()->second.max, 6);
}

TEST(Observe, WhatHasNoKernelIsRunByTheReference) {
  // A convolution over five dimensions of space has no kernel.
  const Graph g = parsed(
      "in %x f32[1,1,2,2,2,2]\nconst %w f32[1,1,1,1,1,1] = [3]\n"
      "%y = Conv(%x, %w) \"c\"\nout %y as \"y\"\n");
  auto plan = GraphPlan::make(g, {Tensor(DType::f32, {1, 1, 2, 2, 2, 2})});
  ASSERT_TRUE(plan.ok()) << plan.status().text();
  EXPECT_NE((*plan)->why_reference(), "");
  auto got = observe(g, ids(g, {"y"}), random_samples(3, {1, 1, 2, 2, 2, 2}));
  ASSERT_TRUE(got.ok()) << got.status().text();
  EXPECT_EQ(got->begin()->second.count, 48u);
}

TEST(Observe, RefusesWhatIsNeverFiniteAndPassesErrorsOn) {
  const Graph g = parsed("in %x f32[n]\n%y = Log(%x) \"l\"\nout %y as \"y\"\n");
  Samples samples = random_samples(3, {4});
  samples.get = [](int64_t) -> Result<std::vector<Tensor>> {
    return std::vector<Tensor>{Tensor::of<float>({2}, {-1, -2})};
  };
  auto got = observe(g, ids(g, {"y"}), samples);
  ASSERT_FALSE(got.ok());
  EXPECT_NE(got.status().text().find("value 'y' is not finite"), std::string::npos);
  samples.get = [](int64_t k) -> Result<std::vector<Tensor>> {
    if (k == 0) return std::vector<Tensor>{Tensor::of<float>({1}, {1})};
    return Status(Code::io_error, "sample " + std::to_string(k));
  };
  got = observe(g, ids(g, {"y"}), samples);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.code(), Code::io_error);
}

}  // namespace
}  // namespace hone::quant
