#include "ship/report/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hone::ship::report {

using nlohmann::json;

const json& at(const json& j, std::initializer_list<const char*> path) {
  static const json none;
  const json* here = &j;
  for (const char* step : path) {
    if (!here->is_object()) return none;
    auto it = here->find(step);
    if (it == here->end()) return none;
    here = &*it;
  }
  return *here;
}

std::optional<double> number(const json& v) {
  if (!v.is_number()) return std::nullopt;
  const double x = v.get<double>();
  if (!std::isfinite(x) || std::abs(x) >= 1e15) return std::nullopt;
  return std::abs(x) < 1e-15 ? 0 : x;
}

std::optional<double> number(const json& j, std::initializer_list<const char*> path) {
  return number(at(j, path));
}

std::string text(const json& v, size_t most) {
  if (!v.is_string()) return "";
  const auto& s = v.get_ref<const std::string&>();
  if (s.size() <= most) return s;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xC0) == 0x80) --end;
  return s.substr(0, end) + "…";
}

std::string text(const json& j, std::initializer_list<const char*> path) {
  return text(at(j, path));
}

std::string anything(const json& v) {
  if (v.is_string()) return text(v);
  if (v.is_boolean()) return v.get<bool>() ? "yes" : "no";
  if (v.is_number_integer()) return v.dump();
  if (auto x = number(v)) return fmt::format("{:.6g}", *x);
  return "";
}

std::vector<const json*> items(const json& v, size_t most) {
  std::vector<const json*> out;
  if (!v.is_array()) return out;
  out.reserve(std::min(most, v.size()));
  for (const json& x : v) {
    if (out.size() == most) break;
    out.push_back(&x);
  }
  return out;
}

}  // namespace hone::ship::report
