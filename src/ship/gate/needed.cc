#include "ship/gate/needed.h"

#include <fmt/format.h>

#include <cmath>

namespace hone::ship {

namespace {

// Beyond that nobody measures.
constexpr double most = 1e12;

std::optional<int64_t> count(double n) {
  if (!(n <= most)) return std::nullopt;
  return static_cast<int64_t>(std::ceil(n - 1e-6));
}

}  // namespace

std::optional<int64_t> samples_for_drop(const Paired& p, double limit, double z) {
  if (p.samples <= 0) return std::nullopt;
  const double now = drop_z(p, limit);
  if (now == 0 || !std::isfinite(now)) return std::nullopt;
  return count(static_cast<double>(p.samples) * (z / now) * (z / now));
}

std::optional<int64_t> samples_for_bound(int64_t n, double value, double edge, double limit) {
  const double ratio = (edge - value) / (limit - value);
  if (limit == value || !std::isfinite(ratio)) return std::nullopt;
  return count(static_cast<double>(n) * ratio * ratio);
}

int64_t samples_for_percentile(double p) {
  return static_cast<int64_t>(std::ceil(std::log(tail) / std::log(p)));
}

std::optional<int64_t> samples_for_no_event(double limit) {
  if (!(limit > 0 && limit < 1)) return std::nullopt;
  return count(std::log(tail) / std::log1p(-limit));
}

std::string needed_text(const std::optional<int64_t>& needed) {
  if (!needed) return "; no number of samples would decide";
  std::string digits = fmt::format("{}", *needed);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return "; " + digits + " samples would decide";
}

}  // namespace hone::ship
