#include "ship/project/limits.h"

#include <algorithm>

namespace hone::ship {

std::span<const LimitRow> limit_rows() {
  static constexpr LimitRow rows[] = {
#define HONE_LIMIT(key, unit, largest, what, kind, source) \
  {#key, unit, largest, what, source, &Limits::key},
#define HONE_RULE(key, unit, largest, what, source) \
  {#key, unit, largest, what, source, &Limits::key},
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
  };
  return rows;
}

bool is_critical(const Limits& limits, const std::string& name) {
  return std::find(limits.critical.begin(), limits.critical.end(), name) != limits.critical.end();
}

std::optional<double> class_limit(const Limits& limits, const std::string& name) {
  if (auto own = limits.classes.find(name); own != limits.classes.end()) return own->second;
  if (is_critical(limits, name) && limits.critical_drop) return limits.critical_drop;
  return limits.class_drop;
}

}  // namespace hone::ship
