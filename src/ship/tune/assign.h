// Which layer computes in which precision: an integer program over measured times and errors.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::ship {

// A layer in one precision.
struct LayerOption {
  std::string precision;  // "f32", "int8"
  double us = 0;          // measured on the target, >= 0
  double error = 0;       // what it adds to the outputs' error, >= 0; errors of layers add up
  double us_pm = 0;       // half of the 95 % interval of us
};

struct TunedLayer {
  std::string node;
  std::vector<LayerOption> options;  // at least one
};

// A value that one layer hands to another: converted where their precisions differ.
struct Border {
  size_t from = 0, to = 0;  // layers
  double us = 0;            // of the conversion
};

struct Assignment {
  std::vector<size_t> options;  // by layer
  double us = 0, error = 0;     // borders included; sums
};

// The least time whose error is at most max_error; of equal times any. Errors: invalid_argument for
// numbers that are negative or not finite and for borders of layers that do not exist; not_found
// where no assignment is within the limit, with the least error there is.
Result<Assignment> fastest_within(const std::vector<TunedLayer>& layers,
                                  const std::vector<Border>& borders, double max_error);
// The least error whose time is at most max_us.
Result<Assignment> most_accurate_within(const std::vector<TunedLayer>& layers,
                                        const std::vector<Border>& borders, double max_us);

}  // namespace hone::ship
