// AutoQuantize: which layers compute on integers, by time measured on this machine and error
// measured on held-out samples.
#pragma once

#include "host/quant/quantize.h"
#include "ship/tune/engines.h"

namespace hone::ship {

struct AutoOptions {
  EngineOptions engines;
  double max_us = 0;  // 0: the fastest within quant::Options::max_drop; else the most accurate
  std::function<void(const std::string& what, double done, double all)> progress;
};

// For quant::Options::mix. The "tune" of the report: threads, cpu, max_us?, us {f32, int8,
// predicted, predicted_pm, measured, measured_interval?}, limit_used, convert_ns, helps, summary,
// tried [text], layers [{nodes, us, us_pm, error? (by precision; the error is a share of the limit,
// squared), chosen, why}].
quant::Mix auto_quantize(AutoOptions options);

}  // namespace hone::ship
