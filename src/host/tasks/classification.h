// The task `classification`: of scores by class, how often the label is among the likeliest.
#pragma once

#include <cstdint>

#include "host/model/tensor.h"

namespace hone::tasks {

// The likeliest class. Scores: any shape with one element per class; NaN never wins; the first of
// equal scores does, as np.argmax.
int64_t arg_max(const Tensor& scores);

}  // namespace hone::tasks
