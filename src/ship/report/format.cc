#include "ship/report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::ship::report {

namespace {

std::string grouped(std::string digits) {
  const size_t from = digits.starts_with('-') ? 1 : 0;
  const size_t point = std::min(digits.find('.'), digits.size());
  for (size_t i = point; i > from + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace

std::string figure(double v, int significant) {
  if (v == 0) return "0";
  if (std::abs(v) < 1e-6 || std::abs(v) >= 1e12) return fmt::format("{:.{}g}", v, significant);
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(v))));
  const int decimals = std::clamp(significant - 1 - magnitude, 0, 9);
  return grouped(fmt::format("{:.{}f}", v, decimals));
}

std::string count(double v) {
  return std::abs(v) >= 1e15 ? fmt::format("{:.3g}", v) : grouped(fmt::format("{:.0f}", v));
}

std::string milliseconds(double v) { return figure(v) + " ms"; }

std::string bytes(double v) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  int u = 0;
  while (std::abs(v) >= 1000 && u < 4) v /= 1000, ++u;
  return u == 0 ? fmt::format("{:.0f} B", v) : fmt::format("{:.1f} {}", v, units[u]);
}

std::string signed_points(double v) {
  const std::string digits = fmt::format("{:.2f}", std::abs(v));
  if (digits == "0.00") return digits;
  return (v > 0 ? "+" : "−") + digits;
}

std::string plain(double v, const std::string& unit) {
  if (unit == "share") return figure(v * 100);
  if (unit == "relative") return fmt::format("{:.3g}", v);
  return unit == "points" ? fmt::format("{:.2f}", v) : figure(v);
}

std::string with_unit(double v, const std::string& unit) {
  if (unit.empty() || unit == "relative") return plain(v, unit);
  return plain(v, unit) + " " + (unit == "share" ? "%" : unit);
}

std::string or_dash(const std::optional<double>& v, std::string (*print)(double)) {
  return v ? print(*v) : "–";
}

}  // namespace hone::ship::report
