// The drop of any metric that is computed over a set of samples: mAP, F1, PSNR.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "ship/gate/drop.h"

namespace hone::ship {

// The metric, in points or any unit of its own, over these samples; an index may stand there more
// than once, and counts as often. Larger is better.
using Metric = std::function<double(std::span<const int32_t>)>;

struct BootstrapOptions {
  int resamples = 2000;
  uint64_t seed = 1;
  // The worst that one sample in n can do to the metric, times n: 100 for a percentage, where a
  // sample weighs 1 / n.
  double range = 100;
};

// baseline - engine over all `samples`, with the 95 % percentile interval of paired resamples: each
// draws images with replacement and evaluates both on the same ones, so that what is hard for both
// cancels (B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16).
// Resamples of samples that agree agree, too: the interval is never taken narrower than what so
// many samples without one difference can show, value +- range * z^2 / (n + z^2) (Tango's and
// Wilson's bound at 0 of n). Deterministic. No sample, or a metric that is not finite on one of the
// resamples, gives [-infinity, infinity].
Drop bootstrap_drop(int64_t samples, const Metric& baseline, const Metric& engine,
                    const BootstrapOptions& options = {});

}  // namespace hone::ship
