// Limits of a target: what the gate holds a release to. Unset ones are not asked.
#pragma once

#include <optional>

namespace hone::ship {

struct Limits {
  std::optional<double> p50_ms, p90_ms, p95_ms, p99_ms;
  std::optional<double> peak_memory_mb, engine_mb;
  std::optional<double> accuracy_drop, class_drop;  // points
  std::optional<double> energy_mj;                  // per inference
};

}  // namespace hone::ship
