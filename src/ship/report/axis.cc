#include "ship/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/report/format.h"

namespace hone::ship::report {

namespace {

double nice_step(double range, int about) {
  const double raw = range / about;
  const double ten = std::pow(10, std::floor(std::log10(raw)));
  for (double nice : {1.0, 2.0, 5.0}) {
    if (raw <= nice * ten * (1 + 1e-9)) return nice * ten;
  }
  return 10 * ten;
}

// A range that can be divided: narrower than the doubles can tell apart is none.
void widen(double* low, double* high) {
  if (*high < *low) std::swap(*low, *high);
  const double least = std::max(1e-12, std::max(std::abs(*low), std::abs(*high)) * 1e-6);
  if (*high - *low >= least) return;
  const double half = std::max(std::abs(*high) * 0.1, 1e-9);
  const bool zero = *low >= 0 && *low < half;
  *low = zero ? 0 : *low - half;
  *high = *high + half;
}

}  // namespace

double Axis::place(double v) const {
  if (log) {
    if (v <= low) return 0;
    return std::clamp(std::log(v / low) / std::log(high / low), 0.0, 1.0);
  }
  return std::clamp((v - low) / (high - low), 0.0, 1.0);
}

Axis tight_axis(double low, double high, int about) {
  widen(&low, &high);
  Axis a{low, high, false, {}};
  const double step = nice_step(high - low, about);
  const double first = std::ceil(low / step - 1e-6), last = std::floor(high / step + 1e-6);
  for (double i = first; i <= last && a.ticks.size() < 50; ++i) a.ticks.push_back(i * step);
  return a;
}

Axis linear_axis(double low, double high, int about) {
  widen(&low, &high);
  const double step = nice_step(high - low, about);
  return tight_axis(std::floor(low / step + 1e-6) * step, std::ceil(high / step - 1e-6) * step,
                    about);
}

Axis log_axis(double low, double high) {
  low = std::max(low, 1e-12);
  if (high < low * 1.5) high = low * 1.5;
  Axis a{low, high, true, {}};
  const double decades = std::log10(high / low);
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / 6)));
  for (int e = first; e <= last; ++e) {
    for (double m : {1.0, 2.0, 5.0}) {
      if (m != 1 && decades > 2.2) continue;
      if (m == 1 && decades > 2.2 && (e - first) % stride != 0) continue;
      const double v = m * std::pow(10, e);
      if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) a.ticks.push_back(v);
    }
  }
  return a;
}

std::vector<std::string> tick_labels(const Axis& axis) {
  std::vector<std::string> out;
  int decimals = 0;
  if (!axis.log && axis.ticks.size() > 1) {
    const double step = axis.ticks[1] - axis.ticks[0];
    decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-6)), 0, 9);
  }
  for (double t : axis.ticks) {
    if (axis.log || std::abs(t) >= 1e7) {
      out.push_back(fmt::format("{:.4g}", t));
    } else {
      const std::string s = fmt::format("{:.{}f}", std::abs(t), decimals);
      const bool zero = s.find_first_not_of("0.") == std::string::npos;
      out.push_back(zero ? "0" : (t < 0 ? "−" : "") + s);
    }
  }
  return out;
}

}  // namespace hone::ship::report
