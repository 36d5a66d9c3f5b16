#include "ship/measure/against.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>

#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

constexpr int max_runs = 5000;

Result<std::vector<double>> block(const Contestant& c, int runs, double expected_ms) {
  if (c.turn) c.turn(true);
  // The first run of a block brings its data back into the caches.
  auto times = c.run(runs, 1, expected_ms);
  if (c.turn) c.turn(false);
  return times;
}

// Runs that fill a block.
Result<int> runs_for(const Contestant& c, double block_ms) {
  HONE_ASSIGN(std::vector<double> first, block(c, 3, 0));
  double ms = std::max(midpoint_median(first), 1e-6);
  if (ms * 3 > block_ms) return 3;
  // A few runs after a pause are slower than a block of them.
  HONE_ASSIGN(std::vector<double> more, block(c, 10, ms * 10));
  ms = std::max(midpoint_median(more), 1e-6);
  return static_cast<int>(std::clamp(std::round(block_ms / ms), 3.0, double{max_runs}));
}

Dims without_ones(const Dims& dims) {
  Dims out;
  std::copy_if(dims.begin(), dims.end(), std::back_inserter(out), [](int64_t d) { return d != 1; });
  return out;
}

// Channel of each element: axis 1 of three and more dimensions.
struct Channels {
  explicit Channels(const Dims& dims) {
    if (dims.size() < 3) return;
    count = dims[1];
    for (size_t i = 2; i < dims.size(); ++i) inner *= dims[i];
  }
  int64_t of(int64_t i) const { return count > 1 ? i / inner % count : 0; }
  int64_t count = 1, inner = 1;
};

double worst_of_floats(const Tensor& a, const Tensor& b) {
  Channels channels(b.dims());
  std::vector<double> scale(static_cast<size_t>(std::max<int64_t>(channels.count, 1)), 0);
  double largest = 0;
  const int64_t n = b.count();
  for (int64_t i = 0; i < n; ++i) {
    double x = std::abs(b.at(i));
    if (!std::isfinite(x)) continue;
    double& s = scale[static_cast<size_t>(channels.of(i))];
    s = std::max(s, x);
    largest = std::max(largest, x);
  }
  // Sigmoids of some runtimes are right to 1e-7 absolute, whatever their result.
  double least = std::max(1e-2 * largest, 1e-3), worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    double x = a.at(i), y = b.at(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    double d = std::abs(x - y) / std::max(scale[static_cast<size_t>(channels.of(i))], least);
    if (!std::isfinite(d)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, d);
  }
  return worst;
}

bool comparable(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.dtype() != DType::string &&
         without_ones(a.dims()) == without_ones(b.dims());
}

double worst_of(const Tensor& a, const Tensor& b) {
  if (is_float(b.dtype())) return worst_of_floats(a, b);
  const bool bytes = b.dtype() == DType::u8 || b.dtype() == DType::i8;
  int64_t n = b.count(), differ = 0, most = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t x = a.int_at(i), y = b.int_at(i);
    differ += x != y ? 1 : 0;
    if (bytes) most = std::max(most, std::abs(x - y));
  }
  if (bytes) return static_cast<double>(most) / 255;
  return n > 0 ? static_cast<double>(differ) / static_cast<double>(n) : 0;
}

Difference of_output(const Tensor& a, const NamedTensor& b) {
  if (!comparable(a, b.value)) {
    auto type = [](const Tensor& t) { return std::string(name(t.dtype())) + to_string(t.dims()); };
    return {std::numeric_limits<double>::infinity(), b.name,
            fmt::format("'{}' is {}, not {}", b.name, type(a), type(b.value))};
  }
  double worst = worst_of(a, b.value);
  return {worst, b.name,
          std::isinf(worst) ? fmt::format("'{}' is not finite", b.name)
                            : fmt::format("'{}' differs by {:.1e}", b.name, worst)};
}

const Tensor& partner(const Outputs& a, const Outputs& b, size_t i) {
  for (const NamedTensor& t : a) {
    if (t.name == b[i].name) return t.value;
  }
  return a[i].value;
}

}  // namespace

std::vector<Raced> race(const std::vector<Contestant>& contestants, const RaceOptions& options) {
  const size_t n = contestants.size();
  std::vector<Raced> raced(n);
  std::vector<int> runs(n, 0);
  for (size_t i = 0; i < n; ++i) {
    auto r =
        options.runs > 0 ? Result<int>(options.runs) : runs_for(contestants[i], options.block_ms);
    if (r.ok()) {
      runs[i] = *r;
    } else {
      raced[i].failed = r.status().text();
    }
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (size_t k = 0; k < n; ++k) {
      size_t turned = round % 2 == 0 ? k : n - 1 - k;
      size_t i = (turned + static_cast<size_t>(round) / 2) % n;
      Raced& r = raced[i];
      if (!r.failed.empty()) continue;
      const double expected = options.runs > 0 ? 0 : options.block_ms;
      auto times = block(contestants[i], runs[i], expected);
      if (!times.ok()) {
        r = Raced{times.status().text(), {}, {}};
        continue;
      }
      r.medians_ms.push_back(midpoint_median(*times));
      r.samples_ms.insert(r.samples_ms.end(), times->begin(), times->end());
    }
    if (options.progress) options.progress(round + 1, options.rounds);
  }
  return raced;
}

Estimate median_interval(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<int>(samples.size());
  boost::math::binomial_distribution<double> below(n, 0.5);
  // The k-th smallest lies above the median with probability P(fewer than k below it).
  int k = std::max(1, static_cast<int>(boost::math::quantile(below, 0.025)));  // rounded down
  while (2 * (k + 1) <= n && 2 * boost::math::cdf(below, k) <= 0.05) ++k;
  return {midpoint_median(samples), samples[static_cast<size_t>(k - 1)],
          samples[static_cast<size_t>(n - k)]};
}

Estimate ratio_of(const Raced& a, const Raced& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(a.medians_ms.size(), b.medians_ms.size()); ++i) {
    ratios.push_back(a.medians_ms[i] / b.medians_ms[i]);
  }
  return median_interval(std::move(ratios));
}

std::optional<double> spread_of(const Raced& r) {
  if (r.medians_ms.size() < 4) return std::nullopt;
  std::vector<double> v = r.medians_ms;
  std::sort(v.begin(), v.end());
  size_t quarter = v.size() / 4;
  return (v[v.size() - 1 - quarter] - v[quarter]) / midpoint_median(v);
}

Difference difference(const Outputs& a, const Outputs& b) {
  if (a.size() != b.size()) {
    return {std::numeric_limits<double>::infinity(), "",
            fmt::format("{} outputs, not {}", a.size(), b.size())};
  }
  Difference worst;
  for (size_t i = 0; i < b.size(); ++i) {
    Difference d = of_output(partner(a, b, i), b[i]);
    if (worst.text.empty() || d.worst > worst.worst) worst = std::move(d);
  }
  return worst;
}

Agreement judge(const std::vector<std::optional<Outputs>>& outputs, double tolerance,
                size_t trusted) {
  Agreement best;
  size_t most = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i]) continue;
    Agreement v{i, {}, {}};
    for (const auto& other : outputs) {
      v.worst.push_back(other ? difference(*other, *outputs[i])
                              : Difference{std::numeric_limits<double>::infinity(), "", ""});
      v.right.push_back(other && v.worst.back().worst <= tolerance);
    }
    auto agree = static_cast<size_t>(std::count(v.right.begin(), v.right.end(), true));
    bool trusts = trusted < outputs.size() && v.right[trusted];
    bool before = trusted < outputs.size() && !best.right.empty() && best.right[trusted];
    if (agree > most || (agree == most && trusts && !before)) best = v, most = agree;
  }
  if (best.right.empty()) {
    best.right.assign(outputs.size(), false);
    best.worst.assign(outputs.size(), {});
  }
  return best;
}

}  // namespace hone::ship
