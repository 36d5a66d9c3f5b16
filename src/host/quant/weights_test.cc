#include "host/quant/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "host/quant/params.h"

namespace hone::quant {
namespace {

Tensor noise(Dims dims) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  Tensor t(DType::f32, std::move(dims));
  for (float& x : t.as_mutable<float>()) x = normal(random);
  return t;
}

TEST(QuantWeights, LargestOfEachChannel) {
  const Tensor w = Tensor::of<float>({2, 3}, {1, -5, 2, 0, 4, -3});
  EXPECT_EQ(largest_by_channel(w, 0), (std::vector<float>{5, 4}));
  EXPECT_EQ(largest_by_channel(w, 1), (std::vector<float>{1, 5, 3}));
  EXPECT_EQ(largest_by_channel(w, graph::none), (std::vector<float>{5}));
}

TEST(QuantWeights, EveryWeightIsWithinHalfAStepAndTheLowestStepIsUnused) {
  const Tensor w = noise({4, 3, 5, 2});
  for (const int axis : {0, 1, int{graph::none}}) {
    const auto scales = weight_scales(largest_by_channel(w, axis), 127);
    const Tensor q = to_integers(w, axis, scales, DType::i8);
    const int64_t inner = axis == 0 ? 30 : 10, n = static_cast<int64_t>(scales.size());
    int64_t most = 0;
    for (int64_t i = 0; i < w.count(); ++i) {
      const float s = scales[n == 1 ? 0 : static_cast<size_t>(i / inner % n)];
      EXPECT_LE(std::abs(static_cast<float>(q.int_at(i)) * s - w.as<float>()[i]), 0.501f * s);
      most = std::max(most, std::abs(q.int_at(i)));
    }
    EXPECT_EQ(most, 127);
  }
}

TEST(QuantWeights, GroupsHaveScalesOfTheirOwnAndTheLastMayBeShort) {
  Tensor w = noise({40, 3});
  w.as_mutable<float>()[0] = 100;  // spoils the first block of the first column only
  const Tensor scales = group_scales(w, 0, 16, DType::i4);
  EXPECT_EQ(scales.dims(), (Dims{3, 3}));
  EXPECT_FLOAT_EQ(scales.as<float>()[0], 100.0f / 7);
  EXPECT_LT(scales.as<float>()[3], 1);
  const Tensor q = to_integers_by_group(w, 0, 16, scales, DType::i4);
  EXPECT_EQ(q.dtype(), DType::i4);
  for (int64_t i = 0; i < w.count(); ++i) {
    const float s = scales.as<float>()[static_cast<size_t>(i / 3 / 16 * 3 + i % 3)];
    EXPECT_LE(std::abs(static_cast<float>(q.int_at(i)) * s - w.as<float>()[i]), 0.501f * s);
  }
}

}  // namespace
}  // namespace hone::quant
