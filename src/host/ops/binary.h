// Binary functions for operators that apply one by name (FusedBinary).
#pragma once

#include <string_view>

#include "host/model/tensor.h"

namespace hone::ops {

// f64 result of the float function `op` (its ONNX name) with broadcasting. Errors: unsupported for
// another name, shape_mismatch.
Result<Tensor> apply_binary(std::string_view op, const Tensor& a, const Tensor& b);

}  // namespace hone::ops
