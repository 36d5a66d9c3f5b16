#include "ship/measure/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <random>

#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

constexpr size_t replicates = 2000;
constexpr size_t most_blocks = 1000;  // per resample; longer blocks cost little precision there
constexpr uint64_t seed = 0x486f6e65;

double mean_of(std::span<const double> v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

// Means of neighbours, so that a long series has at most `most` values.
std::vector<double> condensed(std::span<const double> v, size_t most, size_t* group) {
  *group = (v.size() + most - 1) / most;
  std::vector<double> out;
  for (size_t i = 0; i + *group <= v.size(); i += *group) {
    out.push_back(mean_of(v.subspan(i, *group)));
  }
  return out;
}

double autocovariance(std::span<const double> centred, size_t lag) {
  double sum = 0;
  for (size_t i = lag; i < centred.size(); ++i) sum += centred[i] * centred[i - lag];
  return sum / static_cast<double>(centred.size());
}

// Autocovariances up to the bandwidth of Politis & White: twice the lag from which K in a row are
// insignificant (|rho| < 2 sqrt(log10 n / n)).
std::vector<double> covariances(std::span<const double> centred) {
  auto n = static_cast<double>(centred.size());
  const auto in_a_row = static_cast<size_t>(std::max(5.0, std::floor(std::log10(n))));
  const size_t most =
      std::min(centred.size() - 1, static_cast<size_t>(std::ceil(std::sqrt(n))) + in_a_row);
  const double bound = 2 * std::sqrt(std::log10(n) / n);
  std::vector<double> r = {autocovariance(centred, 0)};
  size_t first = 1;  // of the insignificant lags in a row
  for (size_t lag = 1; lag < most && lag - first < in_a_row; ++lag) {
    r.push_back(autocovariance(centred, lag));
    if (std::abs(r[lag]) >= bound * r[0]) first = lag + 1;
  }
  const bool settled = r.size() - first >= in_a_row;
  const size_t bandwidth = settled ? std::min(2 * first, most) : most;
  while (r.size() <= bandwidth) r.push_back(autocovariance(centred, r.size()));
  r.resize(bandwidth + 1);
  return r;
}

// The quantile of the standard normal's tail where `tail` of Student's t with k - 1 degrees of
// freedom lies, times the root of k / (k - 1): how far out a percentile interval must reach.
double reach(double tail, double k) {
  boost::math::students_t t(k - 1);
  return boost::math::quantile(boost::math::complement(t, tail)) * std::sqrt(k / (k - 1));
}

double normal_reach(double tail) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
}

double expanded(double tail, double k) {
  return boost::math::cdf(boost::math::normal(), -reach(tail, k));
}

// Where blocks of resamples begin: replicates x blocks starts in [0, n).
class Starts {
 public:
  Starts(size_t n, size_t blocks) : n_(n), random_(seed + n * 0x9e3779b97f4a7c15ull + blocks) {}
  size_t next() {  // multiply and shift: the same on every standard library
    return static_cast<size_t>(((random_() >> 32) * static_cast<uint64_t>(n_)) >> 32);
  }

 private:
  size_t n_;
  std::mt19937_64 random_;
};

// Counts of the samples at or below a rank, over any stretch of the circle.
class RankCounts {
 public:
  explicit RankCounts(std::span<const double> samples)
      : rank_(samples.size()), before_(2 * samples.size() + 1) {
    std::vector<uint32_t> order(samples.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return samples[a] < samples[b]; });
    for (uint32_t i = 0; i < order.size(); ++i) rank_[order[i]] = i;
    for (uint32_t i : order) sorted_.push_back(samples[i]);
  }

  double value(size_t rank) const { return sorted_[rank]; }
  void set(size_t rank) {
    size_t n = rank_.size();
    for (size_t i = 0; i < 2 * n; ++i) {
      before_[i + 1] = before_[i] + (rank_[i < n ? i : i - n] <= rank ? 1 : 0);
    }
  }
  uint32_t in(size_t start, size_t length) const {
    return before_[start + length] - before_[start];
  }

 private:
  std::vector<uint32_t> rank_, before_;
  std::vector<double> sorted_;
};

// The bootstrap's distribution of a quantile without sorting a resample: a resample's quantile is
// at most the value of rank j just where at least `want` of its members have ranks up to j.
class QuantileBootstrap {
 public:
  QuantileBootstrap(std::span<const double> samples, double p, double block)
      : n_(samples.size()), counts_(samples) {
    auto n = static_cast<double>(n_);
    want_ = static_cast<uint32_t>(std::clamp(std::ceil(p * n - 1e-9), 1.0, n));
    length_ = std::clamp(static_cast<size_t>(std::lround(block)),
                         std::max<size_t>(1, n_ / most_blocks), n_);
    Starts starts(n_, length_);
    size_t blocks = (n_ + length_ - 1) / length_;
    starts_.resize(replicates * blocks);
    for (uint32_t& s : starts_) s = static_cast<uint32_t>(starts.next());
  }

  // The smallest sample that at least this share of the resamples' quantiles do not exceed.
  double at(double share) {
    size_t low = 0, high = n_ - 1;
    while (low < high) {
      size_t mid = (low + high) / 2;
      if (share_up_to(mid) >= share) {
        high = mid;
      } else {
        low = mid + 1;
      }
    }
    return counts_.value(low);
  }

 private:
  double share_up_to(size_t rank) {
    counts_.set(rank);
    size_t blocks = (n_ + length_ - 1) / length_;
    size_t last = n_ - (blocks - 1) * length_;  // the last block is cut so that n samples are drawn
    size_t below = 0;
    for (size_t r = 0; r < replicates; ++r) {
      const uint32_t* s = &starts_[r * blocks];
      uint32_t sum = counts_.in(s[blocks - 1], last);
      for (size_t b = 0; b + 1 < blocks; ++b) sum += counts_.in(s[b], length_);
      if (sum >= want_) ++below;
    }
    return static_cast<double>(below) / replicates;
  }

  size_t n_, length_ = 1;
  uint32_t want_ = 1;
  RankCounts counts_;
  std::vector<uint32_t> starts_;
};

// Neighbours that alternate are drawn singly, which errs on the safe side and leaves more blocks.
double drawn_block(const Dependence& d, size_t n) {
  return d.effective >= static_cast<double>(n) ? 1 : d.block;
}

}  // namespace

Dependence dependence(std::span<const double> series) {
  auto n = static_cast<double>(series.size());
  Dependence d{1, n};
  if (series.size() < 4) return d;
  size_t group = 1;
  std::vector<double> v = condensed(series, 50000, &group);
  const double mean = mean_of(v);
  for (double& x : v) x -= mean;
  std::vector<double> r = covariances(v);
  if (!(r[0] > 0)) return d;
  double long_run = r[0], slope = 0;
  auto bandwidth = static_cast<double>(r.size() - 1);
  for (size_t k = 1; k < r.size(); ++k) {
    auto lag = static_cast<double>(k);
    double weight = std::min(1.0, 2 * (1 - lag / bandwidth));  // the flat-top window
    long_run += 2 * weight * r[k];
    slope += 2 * weight * lag * r[k];
  }
  auto m = static_cast<double>(v.size());
  if (long_run > 0) {
    d.effective = std::clamp(m * r[0] / long_run, 1.0, n);
    d.block = std::cbrt(1.5 * slope * slope / (long_run * long_run) * m);
  }
  const double most = std::ceil(std::min(3 * std::sqrt(m), m / 3));
  d.block = std::clamp(d.block, 1.0, most) * static_cast<double>(group);
  return d;
}

std::optional<Interval> percentile_interval(std::span<const double> samples, double p,
                                            double level) {
  if (samples.empty()) return std::nullopt;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const double at = quantile(sorted, p);
  std::vector<double> above;
  for (double x : samples) above.push_back(x > at ? 1 : 0);
  const Dependence d = dependence(above);
  const double tail = (1 - level) / 2;
  if (std::pow(std::max(p, 1 - p), d.effective) > tail) return std::nullopt;
  const double length = drawn_block(d, samples.size());
  const double blocks = static_cast<double>(samples.size()) / length;
  if (blocks < 3) return std::nullopt;
  QuantileBootstrap b(samples, p, length);
  const double out = expanded(tail, blocks);
  return Interval{b.at(out), b.at(1 - out)};
}

double trimmed_mean(std::vector<double> v) {
  const size_t cut = v.size() / 5;
  auto from = v.begin() + static_cast<ptrdiff_t>(cut), to = v.end() - static_cast<ptrdiff_t>(cut);
  std::nth_element(v.begin(), from, v.end());
  if (cut > 0) std::nth_element(from, to, v.end());
  return mean_of({from, to});
}

std::optional<Interval> location_interval(std::span<const double> series, double tail) {
  const size_t n = series.size();
  const Dependence d = dependence(series);
  const size_t length = static_cast<size_t>(std::lround(drawn_block(d, n)));
  const double blocks = static_cast<double>(n) / static_cast<double>(length);
  if (blocks < 3) return std::nullopt;
  Starts starts(n, length);
  std::vector<double> means, drawn(n);
  while (means.size() < replicates) {
    for (size_t i = 0; i < n;) {
      size_t at = starts.next();
      for (size_t k = 0; k < length && i < n; ++k) drawn[i++] = series[(at + k) % n];
    }
    means.push_back(trimmed_mean(drawn));
  }
  std::sort(means.begin(), means.end());
  constexpr double read_at = 0.01;
  const double centre = trimmed_mean({series.begin(), series.end()});
  const double scale = reach(tail, blocks) / normal_reach(read_at);
  return Interval{centre + scale * (quantile(means, read_at) - centre),
                  centre + scale * (quantile(means, 1 - read_at) - centre)};
}

}  // namespace hone::ship
