// Which layers' rounding costs most, found by what the whole model gains: noise measured at a layer
// says little of what becomes of it behind, and one loud channel hides what happens to the others.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::quant {

// The loss of the model with these layers left float; less is better.
using LossOf = std::function<Result<double>(const std::set<std::string>&)>;

// Up to `most` layers, in the order they were found: of two halves of `layers`, in the graph's
// order, the one goes on being halved that gains more as floats, with those found before left
// float. 2 log2(n) losses for each. Ends where a layer found gains less than a tenth of the loss.
Result<std::vector<std::string>> costliest_layers(std::span<const std::string> layers, int most,
                                                  const LossOf& loss);

}  // namespace hone::quant
