#include "ship/measure/modes.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hone::ship {

namespace {

// Number of elements of the first group of the split that leaves the least variance within groups.
size_t best_split(const std::vector<double>& sorted) {
  double all = 0, left = 0, most = -1;
  for (double v : sorted) all += v;
  const auto n = static_cast<double>(sorted.size());
  size_t best = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    left += sorted[i - 1];
    const auto a = static_cast<double>(i);
    const double apart = left / a - (all - left) / (n - a);
    const double between = a * (n - a) * apart * apart;
    if (between > most) most = between, best = i;
  }
  return best;
}

double count_between(const std::vector<double>& sorted, double low, double high) {
  return static_cast<double>(std::lower_bound(sorted.begin(), sorted.end(), high) -
                             std::lower_bound(sorted.begin(), sorted.end(), low));
}

bool valley_between(const std::vector<double>& sorted, double low, double high) {
  constexpr int bands = 5, steps = 8;
  const double width = (high - low) / bands;
  const double peak = std::min(count_between(sorted, low - width / 2, low + width / 2),
                               count_between(sorted, high - width / 2, high + width / 2));
  double emptiest = peak;
  for (int k = 0; k <= (bands - 1) * steps; ++k) {
    const double begin = low + width * k / steps;
    emptiest = std::min(emptiest, count_between(sorted, begin, begin + width));
  }
  return peak / 2 - emptiest > 3 * std::sqrt(peak / 4 + emptiest + 1);
}

}  // namespace

Modes find_modes(std::span<const double> samples) {
  Modes m;
  if (samples.size() < 100) return m;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t cut = sorted.size() / 200;
  sorted = {sorted.begin() + static_cast<ptrdiff_t>(cut),
            sorted.end() - static_cast<ptrdiff_t>(cut)};
  if (sorted.front() <= 0) return m;
  for (double& v : sorted) v = std::log(v);
  const size_t split = best_split(sorted), n = sorted.size();
  const double smaller = static_cast<double>(std::min(split, n - split)) / static_cast<double>(n);
  if (smaller < 0.05) return m;
  const double low = sorted[split / 2], high = sorted[split + (n - split) / 2];
  if (high - low < std::log(1.05) || !valley_between(sorted, low, high)) return m;
  m.bimodal = true;
  m.low_ms = std::exp(low);
  m.high_ms = std::exp(high);
  const double limit = std::exp((sorted[split - 1] + sorted[split]) / 2);
  int64_t above = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    above += samples[i] > limit;
    if (i > 0) m.switches += (samples[i] > limit) != (samples[i - 1] > limit);
  }
  m.high_share = static_cast<double>(above) / static_cast<double>(samples.size());
  return m;
}

}  // namespace hone::ship
