// Limits of a target: what the gate holds a release to. Unset ones are not asked.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hone::ship {

// A limit for each line of limits.inc, in its unit, and what they are about.
struct Limits {
#define HONE_LIMIT(key, ...) std::optional<double> key;
#define HONE_RULE(key, ...) std::optional<double> key;
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
  std::map<std::string, double> classes;  // drop of single classes, in points
  std::vector<std::string> critical;      // classes that critical_drop is about
  std::optional<double> rate;  // frames per second that latencies are measured at; unset: closed
};

struct LimitRow {
  const char* key;
  const char* unit;
  double largest;  // 0: any
  const char* what;
  const char* source;  // JSON pointer below report["stages"]
  std::optional<double> Limits::*limit;
};
std::span<const LimitRow> limit_rows();

// The limit on the drop of a class: its own of `classes`, else critical_drop where it is critical,
// else class_drop.
std::optional<double> class_limit(const Limits& limits, const std::string& name);
bool is_critical(const Limits& limits, const std::string& name);

}  // namespace hone::ship
