// The shape program: from the sizes of the inputs to every dimension of every value.
#pragma once

#include <cstdint>
#include <span>

#include "common/base/device_status.h"
#include "common/tensor/shape.h"

namespace hone::wire {

struct DimInstr;  // engine_generated.h

// Evaluates `program` for the given input shapes into `out` (as many values). Errors
// (shape_mismatch): division by zero, overflow. Indices were verified.
device::Status eval_dims(std::span<const DimInstr> program, std::span<const Shape> inputs,
                         std::span<int64_t> out);

}  // namespace hone::wire
