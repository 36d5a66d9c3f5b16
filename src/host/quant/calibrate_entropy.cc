// Least KL divergence between the clipped magnitudes and what the grid makes of them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "host/quant/calibrators_internal.h"

namespace hone::quant {

namespace {

constexpr double smoothing = 1e-4;
constexpr int least_candidates = 128;

std::vector<double> magnitudes(const Histogram& h) {
  std::vector<double> out(Histogram::side);
  for (int i = 0; i < Histogram::side; ++i) {
    out[static_cast<size_t>(i)] =
        static_cast<double>(h.counts()[static_cast<size_t>(Histogram::side + i)] +
                            h.counts()[static_cast<size_t>(Histogram::side - 1 - i)]);
  }
  while (out.size() > 1 && out.back() == 0) out.pop_back();
  return out;
}

// Zeros of a distribution get `smoothing`, taken evenly from the others; false where these are too
// few to give it.
bool smooth(std::vector<double>* d) {
  double sum = 0, nonzero = 0;
  for (double x : *d) sum += x, nonzero += x != 0 ? 1 : 0;
  if (nonzero == 0) return false;
  const double taken = smoothing * (static_cast<double>(d->size()) - nonzero) / nonzero;
  if (taken >= 1) return false;
  for (double& x : *d) {
    x = x == 0 ? smoothing : x - taken;
    if (x <= 0) return false;
  }
  for (double& x : *d) x /= sum;
  return true;
}

// `first` bins as `levels` groups whose counts are spread over the bins that are not empty in P.
void quantise(const std::vector<double>& counts, const std::vector<double>& p, size_t levels,
              std::vector<double>* q) {
  const size_t n = p.size();
  q->assign(n, 0);
  for (size_t level = 0; level < levels; ++level) {
    const size_t begin = level * n / levels, end = (level + 1) * n / levels;
    double sum = 0, filled = 0;
    for (size_t i = begin; i < end; ++i) sum += counts[i], filled += p[i] != 0 ? 1 : 0;
    for (size_t i = begin; i < end; ++i) (*q)[i] = p[i] != 0 ? sum / filled : 0;
  }
}

double divergence(const std::vector<double>& counts, double outliers, size_t n, size_t levels) {
  std::vector<double> p(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(n)), q;
  p.back() += outliers;
  quantise(counts, p, levels, &q);
  if (!smooth(&p) || !smooth(&q)) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += p[i] * std::log(p[i] / q[i]);
  return sum;
}

}  // namespace

Range least_divergence_range(const TensorStats& s, const GridSpec& grid) {
  const std::vector<double> counts = magnitudes(s.histogram);
  const bool one_sided = !grid.symmetric && (s.min >= 0 || s.max <= 0);
  const size_t levels = one_sided ? 256 : 128;
  double outliers = 0;
  for (double c : counts) outliers += c;
  const size_t stride = std::max<size_t>(1, counts.size() / (2 * least_candidates));
  double least = std::numeric_limits<double>::infinity();
  size_t best = counts.size(), seen = 0;
  for (size_t n = levels; n <= counts.size();) {
    for (; seen < n; ++seen) outliers -= counts[seen];
    const double d = divergence(counts, outliers, n, levels);
    if (d <= least) least = d, best = n;  // of equals the widest
    n = n == counts.size() ? n + 1 : std::min(n + stride, counts.size());
  }
  const auto edge = static_cast<float>(s.histogram.width() * static_cast<double>(best));
  return bounded({-edge, edge}, s, grid);
}

}  // namespace hone::quant
