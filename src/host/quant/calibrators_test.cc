// Each calibrator against its mathematics written a second time, slowly, on the values themselves
// or on plain vectors, and all of them on planted outliers.
#include "host/quant/calibrators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace hone::quant {
namespace {

constexpr GridSpec u8 = {DType::u8, false};
constexpr GridSpec s8 = {DType::i8, true};

TensorStats stats_of(const std::vector<float>& v) {
  TensorStats s;
  s.add(v, {}, -1);
  return s;
}

std::vector<float> normal_values(int seed, size_t n, float mean = 0, float sigma = 1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::normal_distribution<float> normal(mean, sigma);
  std::vector<float> v(n);
  for (float& x : v) x = normal(random);
  return v;
}

// N(0, 1) with 20 outliers up to +-60: compression.md 0.2's own example.
std::vector<float> with_outliers(int seed, size_t n = 200000) {
  std::vector<float> v = normal_values(seed, n);
  for (int i = 0; i < 20; ++i) {
    v[static_cast<size_t>(i) * 37] = static_cast<float>((i % 2 == 0 ? 1 : -1) * (41 + i));
  }
  return v;
}

std::vector<float> relu(std::vector<float> v) {
  for (float& x : v) x = std::max(x, 0.0f);
  return v;
}

// Error of quantising the values themselves.
double real_error(const std::vector<float>& v, const Range& r, const GridSpec& grid) {
  double step = (double{r.high} - r.low) / (grid.highest() - grid.lowest());
  double zero = std::nearbyint(grid.lowest() - r.low / step);
  if (grid.symmetric) step = r.high / grid.highest(), zero = 0;
  double sum = 0;
  for (float x : v) {
    const double q = std::clamp(std::nearbyint(x / step) + zero, grid.lowest(), grid.highest());
    const double e = x - (q - zero) * step;
    sum += e * e;
  }
  return sum / static_cast<double>(v.size());
}

TEST(Calibrators, MinMaxHoldsAllAndZero) {
  EXPECT_EQ(choose_range(stats_of({1, 2, 5}), Calibrator::min_max, u8), (Range{0, 5}));
  EXPECT_EQ(choose_range(stats_of({-3, -1}), Calibrator::min_max, u8), (Range{-3, 0}));
  EXPECT_EQ(choose_range(stats_of({-3, 1}), Calibrator::min_max, s8), (Range{-3, 3}));
  EXPECT_EQ(choose_range(stats_of({0, 0}), Calibrator::mse, u8), (Range{0, 0}));
}

TEST(Calibrators, MovingAverageIsTheMeanOfTheSamplesWhateverTheirOrder) {
  std::vector<std::vector<float>> samples;
  for (int i = 0; i < 50; ++i) samples.push_back(normal_values(i, 100, 0, 1.0f + 0.1f * float(i)));
  double low = 0, high = 0;
  TensorStats forward, backward;
  for (const auto& s : samples) {
    low += *std::min_element(s.begin(), s.end()) / 50.0;
    high += *std::max_element(s.begin(), s.end()) / 50.0;
    forward.add(s, {}, -1);
  }
  for (size_t i = samples.size(); i-- > 0;) backward.add(samples[i], {}, -1);
  const Range r = choose_range(forward, Calibrator::moving_average, u8);
  EXPECT_NEAR(r.low, low, 1e-6);
  EXPECT_NEAR(r.high, high, 1e-6);
  EXPECT_EQ(r, choose_range(backward, Calibrator::moving_average, u8));
}

TEST(Calibrators, PercentileIsThatOfTheSortedValuesWithinABin) {
  for (double p : {99.0, 99.9, 99.99}) {
    auto v = with_outliers(5);
    const TensorStats s = stats_of(v);
    std::sort(v.begin(), v.end());
    const auto n = static_cast<double>(v.size());
    const double cut = (1 - p / 100) / 2;
    const Range r = choose_range(s, Calibrator::percentile, u8, {p});
    const double width = s.histogram.width();
    // The bin's outer edge: at most one width beyond the order statistic.
    const float low = v[static_cast<size_t>(cut * n + 1e-6)];
    const float high = v[static_cast<size_t>((1 - cut) * n + 1e-6) - 1];
    EXPECT_LE(r.low, low);
    EXPECT_GE(r.low, low - 2 * width);
    EXPECT_GE(r.high, high);
    EXPECT_LE(r.high, high + 2 * width);
    std::vector<float> magnitude = v;
    for (float& x : magnitude) x = std::fabs(x);
    std::sort(magnitude.begin(), magnitude.end());
    const float a = magnitude[static_cast<size_t>(n * p / 100 + 1e-6) - 1];
    const Range symmetric = choose_range(s, Calibrator::percentile, s8, {p});
    EXPECT_GE(symmetric.high, a);
    EXPECT_LE(symmetric.high, a + 2 * width);
    EXPECT_EQ(symmetric.low, -symmetric.high);
  }
}

TEST(Calibrators, ExpectedErrorIsThatOfTheValues) {
  const auto v = with_outliers(6);
  const TensorStats s = stats_of(v);
  for (Range r : {Range{-3, 3}, Range{-2, 4}, Range{-60, 60}, Range{-0.5f, 1}}) {
    // 200,000 values of a smooth density; the bins are finer than the steps.
    EXPECT_NEAR(expected_error(s, r, u8) / real_error(v, r, u8), 1, 0.03);
  }
  for (float a : {3.0f, 10.0f}) {
    EXPECT_NEAR(expected_error(s, {-a, a}, s8) / real_error(v, {-a, a}, s8), 1, 0.03);
  }
}

// An exhaustive search on the values: every pair of ends, 40 positions each.
double least_real_error(const std::vector<float>& v, const GridSpec& grid) {
  const auto [low, high] = std::minmax_element(v.begin(), v.end());
  const float most = std::max(-*low, *high);
  double least = 1e30;
  for (int i = 1; i <= 40; ++i) {
    const float share_i = static_cast<float>(i) / 40;
    if (grid.symmetric)
      least = std::min(least, real_error(v, {-most * share_i, most * share_i}, s8));
    for (int j = 1; !grid.symmetric && j <= 40; ++j) {
      const Range r = {std::min(*low, 0.0f) * share_i, *high * static_cast<float>(j) / 40};
      least = std::min(least, real_error(v, r, grid));
    }
  }
  return least;
}

TEST(Calibrators, MseFindsTheLeastErrorAtBothEnds) {
  std::vector<std::vector<float>> cases = {normal_values(7, 4000), relu(normal_values(8, 4000)),
                                           with_outliers(9, 4000)};
  // A long tail on one side only: the ends have different answers.
  cases.push_back(normal_values(10, 4000));
  for (float& x : cases.back()) x = std::exp(x) - 0.3f;
  for (size_t i = 0; i < cases.size(); ++i) {
    const TensorStats s = stats_of(cases[i]);
    for (const GridSpec& grid : {u8, s8}) {
      const Range r = choose_range(s, Calibrator::mse, grid);
      // Its own candidates are finer than the exhaustive ones; 4,000 values leave 5 % of noise
      // between the density and themselves.
      EXPECT_LE(real_error(cases[i], r, grid), 1.05 * least_real_error(cases[i], grid)) << i;
    }
  }
}

// The definition of compression.md 2.2, on plain vectors: magnitudes in bins, P clipped with its
// outliers in the last bin, Q its levels spread over P's non-zero bins.
double reference_divergence(const std::vector<double>& h, size_t n, size_t levels) {
  std::vector<double> p(h.begin(), h.begin() + static_cast<std::ptrdiff_t>(n)), q(n, 0);
  for (size_t i = n; i < h.size(); ++i) p[n - 1] += h[i];
  std::vector<double> level_sum(levels), level_bins(levels);
  std::vector<size_t> level_of(n);
  for (size_t level = 0; level < levels; ++level) {
    for (size_t i = level * n / levels; i < (level + 1) * n / levels; ++i) level_of[i] = level;
  }
  for (size_t i = 0; i < n; ++i) {
    level_sum[level_of[i]] += h[i];
    level_bins[level_of[i]] += p[i] != 0;
  }
  for (size_t i = 0; i < n; ++i) {
    if (p[i] != 0) q[i] = level_sum[level_of[i]] / level_bins[level_of[i]];
  }
  auto smoothed = [&](std::vector<double> d) {
    double zeros = static_cast<double>(std::count(d.begin(), d.end(), 0.0));
    double rest = static_cast<double>(n) - zeros, sum = 0;
    for (double& x : d) x = x == 0 ? 1e-4 : x - 1e-4 * zeros / rest;
    for (double x : d) sum += x;
    for (double& x : d) x /= sum;
    return d;
  };
  p = smoothed(p), q = smoothed(q);
  double kl = 0;
  for (size_t i = 0; i < n; ++i) {
    if (p[i] <= 0 || q[i] <= 0) return 1e30;
    kl += p[i] * std::log(p[i] / q[i]);
  }
  return kl;
}

TEST(Calibrators, EntropyTakesTheLeastDivergenceOfTheDefinition) {
  for (bool one_sided : {false, true}) {
    auto v = with_outliers(11, 60000);
    if (one_sided) v = relu(v);
    const TensorStats s = stats_of(v);
    const double width = s.histogram.width();
    std::vector<double> h(Histogram::side);
    for (float x : v) {
      if (x != 0) ++h[static_cast<size_t>(std::fabs(x) / width)];
    }
    while (h.back() == 0) h.pop_back();
    const GridSpec grid = one_sided ? u8 : s8;
    const size_t levels = one_sided ? 256 : 128;
    const Range r = choose_range(s, Calibrator::entropy, grid);
    const auto chosen = static_cast<size_t>(std::lround(r.high / width));
    const double divergence = reference_divergence(h, std::min(chosen, h.size()), levels);
    for (size_t n = levels; n <= h.size(); n += 61) {
      // Another stride than its own: neighbours of the best may be a hair better.
      EXPECT_GE(reference_divergence(h, n, levels), divergence * 0.97) << n;
    }
  }
}

TEST(Calibrators, EachBeatsMinMaxOnPlantedOutliers) {
  // Each sample of 1,000 values; the outliers are in a few samples, so averaging thins them too.
  const auto v = with_outliers(12, 200000);
  TensorStats s;
  for (size_t at = 0; at < v.size(); at += 1000) s.add(std::span(v).subspan(at, 1000), {}, -1);
  for (const GridSpec& grid : {u8, s8}) {
    const Range whole = choose_range(s, Calibrator::min_max, grid);
    std::vector<float> inliers;
    for (float x : v) {
      if (std::fabs(x) < 6) inliers.push_back(x);
    }
    for (Calibrator c : {Calibrator::moving_average, Calibrator::percentile, Calibrator::entropy}) {
      const Range r = choose_range(s, c, grid);
      EXPECT_LT(r.high, 0.4 * whole.high) << name(c);
      // What is not an outlier is what the model lives on.
      EXPECT_LT(real_error(inliers, r, grid), 0.25 * real_error(inliers, whole, grid)) << name(c);
    }
    // These outliers are so far out that clipping them costs more than all else gains; the least
    // error says so, and is less all the same.
    const Range mse = choose_range(s, Calibrator::mse, grid);
    EXPECT_LT(real_error(v, mse, grid), real_error(v, whole, grid));
  }
}

TEST(Calibrators, MseClipsOutliersThatCostMoreThanTheyAreWorth) {
  auto v = normal_values(14, 200000);
  v[100] = 12, v[200] = -11;
  const TensorStats s = stats_of(v);
  for (const GridSpec& grid : {u8, s8}) {
    const Range whole = choose_range(s, Calibrator::min_max, grid);
    const Range mse = choose_range(s, Calibrator::mse, grid);
    EXPECT_LT(mse.high, 0.8f * whole.high);
    EXPECT_LT(real_error(v, mse, grid), 0.95 * real_error(v, whole, grid));
  }
}

TEST(Calibrators, SixteenBitsClipNothingToSpeakOf) {
  const TensorStats s = stats_of(normal_values(13, 20000));
  const GridSpec s16 = {DType::i16, true};
  const Range r = choose_range(s, Calibrator::mse, s16);
  EXPECT_GT(r.high, 0.95f * std::max(-s.min, s.max));
}

TEST(Calibrators, HaveNamesThatAreRead) {
  for (Calibrator c : all_calibrators) EXPECT_EQ(*parse_calibrator(name(c)), c);
  EXPECT_EQ(parse_calibrator("percentle").status().text(),
            "no calibrator 'percentle'; did you mean 'percentile'?");
}

}  // namespace
}  // namespace hone::quant
