// Dimensions as people and other tools write them, for files and tables.
#pragma once

#include <string>

#include "host/graph/dim.h"

namespace hone::graph {

// "batch", "2*seq + 1", "floor((h + 1)/2)", "ceil(h/2)", "mod(n, 8)", "min(n, 200)": the notation
// of ONNX Runtime's symbolic shape inference. Empty where no formula of known names says it: sizes
// that data decide, comparisons, and what is longer than 128 characters.
std::string formula(const Dim& d);

}  // namespace hone::graph
