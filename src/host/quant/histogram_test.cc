#include "host/quant/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/quant/exact_sum.h"
#include "host/quant/tensor_stats.h"

namespace hone::quant {
namespace {

std::vector<float> values_of(int seed, size_t n) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::normal_distribution<float> normal;
  std::vector<float> v(n);
  // Magnitudes over many powers of two, zeros of both signs, so that ranges double often.
  for (float& x : v) {
    x = normal(random) * std::ldexp(1.0f, static_cast<int>(random() % 24) - 12);
    if (random() % 5 == 0) x = random() % 2 == 0 ? 0.0f : -0.0f;
  }
  return v;
}

// What the header says, value by value, once the limit is known.
std::vector<uint64_t> counts_by_definition(const std::vector<float>& v, double limit) {
  std::vector<uint64_t> counts(Histogram::bins);
  const double width = limit / Histogram::side;
  for (float x : v) {
    if (x == 0) continue;
    const double i = x > 0 ? std::floor(x / width) : std::ceil(x / width) - 1;
    ++counts[static_cast<size_t>(i + Histogram::side)];
  }
  return counts;
}

TEST(Histogram, CountsWhatItsDefinitionSays) {
  // Both sides of the size from which four tables count.
  for (size_t n : {1000u, 50000u}) {
    const auto v = values_of(1, n);
    Histogram h;
    h.add(v);
    float most = 0;
    for (float x : v) most = std::max(most, std::fabs(x));
    EXPECT_GT(h.limit(), most);
    EXPECT_LE(h.limit(), 2 * most);
    // -x/width on a bin's edge belongs to the bin nearer to zero's other side: none here.
    const auto want = counts_by_definition(v, h.limit());
    EXPECT_TRUE(std::equal(want.begin(), want.end(), h.counts().begin()));
    EXPECT_EQ(h.total(), n);
    EXPECT_EQ(h.zeros(), static_cast<uint64_t>(std::count(v.begin(), v.end(), 0.0f)));
  }
}

TEST(Histogram, IsTheSameHoweverTheDataAreCutAndOrdered) {
  auto v = values_of(2, 30000);
  Histogram whole;
  whole.add(v);
  std::mt19937 random(3);
  for (int trial = 0; trial < 20; ++trial) {
    std::shuffle(v.begin(), v.end(), random);
    if (trial == 0) std::sort(v.begin(), v.end());
    if (trial == 1)
      std::sort(v.begin(), v.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    Histogram parts[3];
    for (size_t at = 0; at < v.size();) {
      const size_t n = std::min<size_t>(v.size() - at, 1 + random() % 12000);
      parts[random() % 3].add(std::span(v).subspan(at, n));
      at += n;
    }
    parts[1].merge(parts[2]);
    parts[0].merge(parts[1]);
    EXPECT_EQ(parts[0], whole) << trial;
  }
}

TEST(Histogram, TakesTheSmallestAndTheLargestFloats) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const float huge = std::numeric_limits<float>::max();
  Histogram a, b;
  a.add(std::vector<float>{tiny, -tiny, huge, -huge});
  b.add(std::vector<float>{-tiny});
  b.add(std::vector<float>{huge, -huge});
  b.add(std::vector<float>{tiny});
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.counts()[Histogram::side], 1u);
  EXPECT_EQ(a.counts()[Histogram::side - 1], 1u);
  EXPECT_EQ(a.counts().back(), 1u);
  EXPECT_EQ(a.counts().front(), 1u);
}

TEST(Histogram, OfZerosAloneIsEmpty) {
  Histogram h;
  h.add(std::vector<float>{0.0f, -0.0f});
  EXPECT_TRUE(h.empty());
  EXPECT_EQ(h.total(), 2u);
  EXPECT_EQ(h.limit(), 0);
}

TEST(ExactSum, ForgetsNothingAndHasNoOrder) {
  auto v = values_of(4, 5000);
  v.insert(v.end(), {3e38f, -3e38f, 1e-45f, 1e30f, -1e30f});
  ExactSum forward, backward, a, b;
  long double want = 0;
  for (size_t i = 0; i + 5 < v.size(); ++i) want += v[i];
  want += 1e-45L;
  for (float x : v) forward.add(x);
  std::reverse(v.begin(), v.end());
  for (size_t i = 0; i < v.size(); ++i) (i % 2 == 0 ? a : b).add(v[i]), backward.add(v[i]);
  a.merge(b);
  EXPECT_EQ(forward.value(), backward.value());
  EXPECT_EQ(forward.value(), a.value());
  // The huge ones cancel exactly; 64 bits of long double hold the others to within 1e-15.
  EXPECT_NEAR(forward.value(), static_cast<double>(want), 1e-12);
  ExactSum negative;
  negative.add(-1.5f);
  negative.add(0.25f);
  EXPECT_EQ(negative.value(), -1.25);
}

TEST(TensorStats, KeepsSamplesAndChannelsApartFromWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  TensorStats s;
  const int64_t dims[] = {1, 2, 3};
  s.add(std::vector<float>{1, 2, 3, -4, -5, -6}, dims, 1);
  s.add(std::vector<float>{7, 8, 9, -1, -1, -1}, dims, 1);
  EXPECT_EQ(s.min, -6);
  EXPECT_EQ(s.max, 9);
  EXPECT_EQ(s.count, 12u);
  EXPECT_EQ(s.sample_max.value(), 12);
  EXPECT_EQ(s.sample_min.value(), -7);
  ASSERT_EQ(s.channels.size(), 2u);
  EXPECT_DOUBLE_EQ(s.channel_mean(0), 5);
  EXPECT_DOUBLE_EQ(s.channel_mean(1), -3);
  EXPECT_EQ(s.channels[1].min, -6);
  EXPECT_EQ(s.channels[1].max, -1);
  TensorStats t;
  t.add(std::vector<float>{nan, 2, inf, -inf}, {}, -1);
  EXPECT_EQ(t.non_finite, 3u);
  EXPECT_EQ(t.count, 1u);
  EXPECT_EQ(t.max, 2);
  EXPECT_EQ(t.min, 2);
  t.merge(s);
  EXPECT_EQ(t.count, 13u);
  EXPECT_EQ(t.channels.size(), 2u);
}

}  // namespace
}  // namespace hone::quant
