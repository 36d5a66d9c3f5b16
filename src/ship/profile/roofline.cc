#include "ship/profile/roofline.h"

#include <algorithm>

namespace hone::ship {

std::optional<Roofline> roofline(const Work& work, double us, const MachinePeaks& m,
                                 double model_bytes) {
  if (!work.flops || !work.bytes() || us <= 0 || m.levels.empty()) return std::nullopt;
  const MemoryLevel& weights = level_of(m, model_bytes);
  const MemoryLevel& values = level_of(m, *work.bytes());
  const double peak = work.integers ? m.int8_gops : m.fma_gflops;
  if (peak <= 0 || weights.gbps <= 0 || values.gbps <= 0) return std::nullopt;
  // 1e9 a second is 1e3 a microsecond.
  const double compute_us = *work.flops / peak * 1e-3;
  const double weights_us = *work.weight_bytes / weights.gbps * 1e-3;
  const double values_us = *work.value_bytes / values.gbps * 1e-3;
  Roofline r;
  r.least_us = std::max(compute_us, weights_us + values_us);
  r.compute = compute_us >= weights_us + values_us;
  r.share = r.least_us / us;
  r.level = weights_us > values_us ? weights.name : values.name;
  return r;
}

nlohmann::json to_json(const std::optional<Roofline>& r) {
  if (!r) return nullptr;
  return {{"bound", r->compute ? "compute" : "memory"},
          {"share", r->share},
          {"least_us", r->least_us},
          {"level", r->level}};
}

}  // namespace hone::ship
