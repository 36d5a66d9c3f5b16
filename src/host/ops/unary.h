// Unary functions for operators that apply one by name (FusedChain).
#pragma once

#include <string_view>

namespace hone::ops {

// The function of one element that the ONNX operator `op`, one without attributes, is: "Exp".
// nullptr for another name.
double (*unary_function(std::string_view op))(double);

}  // namespace hone::ops
