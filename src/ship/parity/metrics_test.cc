#include "ship/parity/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hone::ship {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

Tensor row(std::vector<float> v) { return Tensor::of<float>({1, std::ssize(v)}, v); }

TEST(Metrics, Measures) {
  Metrics m;
  m.add(row({3, 4.5F, -2}), row({3, 4, -2}));
  EXPECT_DOUBLE_EQ(m.max_abs(), 0.5);
  EXPECT_DOUBLE_EQ(m.mean_abs(), 0.5 / 3);
  EXPECT_DOUBLE_EQ(m.max_relative(), 0.125);
  EXPECT_NEAR(m.cosine(), (9 + 18 + 4) / std::sqrt((9 + 20.25 + 4) * (9 + 16 + 4)), 1e-12);
  EXPECT_NEAR(m.snr_db(), 10 * std::log10(29 / 0.25), 1e-12);
  EXPECT_EQ(m.top1(), 1.0);
  EXPECT_EQ(m.histogram()[0], 2);
  EXPECT_EQ(m.histogram()[9], 1);  // 0.125 of the scale: <= 1
}

TEST(Metrics, OfEqualTensors) {
  Metrics m;
  m.add(row({0, 0}), row({0, 0}));
  EXPECT_EQ(m.snr_db(), inf);
  EXPECT_EQ(m.cosine(), 1);
  EXPECT_TRUE(m.to_json()["snr_db"].is_null());
}

TEST(Metrics, AddsUp) {
  Metrics m;
  m.add(row({1, 2}), row({2, 1}));
  m.add(row({1, 2}), row({1, 2}));
  EXPECT_EQ(m.top1(), 0.5);
  EXPECT_EQ(m.max_abs(), 1);
  EXPECT_EQ(m.mean_abs(), 0.5);
}

TEST(Metrics, RelativeLeavesOutWhatIsNearZero) {
  Metrics m;
  m.add(row({1000, 1e-4F}), row({1000, 0}));
  EXPECT_EQ(m.max_relative(), 0);
  EXPECT_GT(m.max_abs(), 0);
}

TEST(Metrics, TopOfPicturesIsAlongChannels) {
  // Two classes, three pixels; the classes of the last differ.
  const Dims dims = {1, 2, 1, 3};
  Metrics m;
  m.add(Tensor::of<float>(dims, {1, 0, 5, 0, 1, 6}), Tensor::of<float>(dims, {1, 0, 6, 0, 1, 5}));
  ASSERT_TRUE(m.top1());
  EXPECT_NEAR(*m.top1(), 2.0 / 3, 1e-12);
}

TEST(Metrics, SmallChannelsHaveTheirOwnScale) {
  const Dims dims = {1, 2, 2};
  Metrics m;
  m.add(Tensor::of<float>(dims, {1000, 0, 0.001F, 0}),
        Tensor::of<float>(dims, {1000, 0, 0.002F, 0}));
  EXPECT_EQ(m.histogram()[9], 1);  // half of its channel's 0.002
}

TEST(Metrics, FindsWhatIsNotFinite) {
  Metrics m;
  m.add(Tensor::of<float>({2, 2}, {1, nan, nan, inf}), Tensor::of<float>({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(m.not_finite_a(), "2 NaN and 1 infinite, the first at [0,1]");
  EXPECT_EQ(m.not_finite_b(), "");
  EXPECT_EQ(m.max_abs(), 0);
}

TEST(Metrics, BinsAreNamed) {
  EXPECT_EQ(Metrics::bin_name(0), "0");
  EXPECT_EQ(Metrics::bin_name(1), "<= 1e-8");
  EXPECT_EQ(Metrics::bin_name(9), "<= 1");
  EXPECT_EQ(Metrics::bin_name(10), "> 1");
}

TEST(Metrics, Integers) {
  Metrics m;
  m.add(Tensor::of<int64_t>({3}, {1, 2, 3}), Tensor::of<int64_t>({3}, {1, 2, 4}));
  EXPECT_EQ(m.max_abs(), 1);
  EXPECT_FALSE(m.top1());
}

}  // namespace
}  // namespace hone::ship
