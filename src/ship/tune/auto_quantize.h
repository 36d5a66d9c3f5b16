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

// For quant::Options::mix. The "tune" of the report: threads, cpu, us {f32, int8, predicted,
// measured}, limit_used, convert_ns, helps, summary, tried [text], layers [{nodes, us_f32, us_int8,
// error (share of the limit, squared), chosen, why}].
quant::Mix auto_quantize(AutoOptions options);

}  // namespace hone::ship
