#include "ship/gate/paired_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace hone::ship {

namespace {

// Uniform in [0, n): the high half of a product, so that it is the same with every library.
int32_t below(std::mt19937_64& random, int64_t n) {
  return static_cast<int32_t>((random() >> 32) * static_cast<uint64_t>(n) >> 32);
}

}  // namespace

Drop bootstrap_drop(int64_t samples, const Metric& baseline, const Metric& engine,
                    const BootstrapOptions& options) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (samples <= 0) return {0, -infinite, infinite};
  std::vector<int32_t> indices(static_cast<size_t>(samples));
  std::iota(indices.begin(), indices.end(), 0);
  const double value = baseline(indices) - engine(indices);
  std::mt19937_64 random(options.seed);
  std::vector<double> drops;
  for (int i = 0; i < options.resamples; ++i) {
    for (int32_t& index : indices) index = below(random, samples);
    drops.push_back(baseline(indices) - engine(indices));
  }
  const auto finite = [](double v) { return std::isfinite(v); };
  if (drops.empty() || !finite(value) || !std::all_of(drops.begin(), drops.end(), finite)) {
    return {value, -infinite, infinite};
  }
  std::sort(drops.begin(), drops.end());
  const auto outside = static_cast<size_t>(tail * static_cast<double>(drops.size()));
  const double z = deviate(tail), n = static_cast<double>(samples);
  const double least = options.range * z * z / (n + z * z);
  return {value, std::min(drops[outside], value - least),
          std::max(drops[drops.size() - 1 - outside], value + least)};
}

}  // namespace hone::ship
