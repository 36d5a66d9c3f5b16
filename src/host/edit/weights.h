// A model without its weights: to show an architecture, or to time it, without giving it away.
#pragma once

#include <cstdint>

#include "host/model/onnx.h"

namespace hone::edit {

// Initializers of floats, and of integers of at most 8 bits, with at least this many elements.
constexpr int64_t least_weights = 64;

// Each becomes a ConstantOfShape of its mean: a small file that runs. Their number.
int strip_weights(model::Model* model);

// Each gets normal numbers of its own mean and deviation (integers: uniform ones between its least
// and largest value), of that seed. Their number.
int randomise_weights(model::Model* model, uint64_t seed);

}  // namespace hone::edit
