// The shape program: from the sizes of the inputs to every dimension of every value.
#pragma once

#include <cstdint>
#include <span>

#include "common/base/device_status.h"
#include "common/tensor/shape.h"

namespace hone::wire {

struct DimInstr;  // engine_generated.h

// What is known of a dimension that is data.
struct Measured {
  int64_t value = 0;
  bool known = false;
};

// Evaluates `program` for the given input shapes into `out` (as many values). `measured`, by index
// of the instruction, gives the data; it may be empty where there is none. Errors (shape_mismatch):
// division by zero, overflow, data beyond their bound. Indices were verified.
device::Status eval_dims(std::span<const DimInstr> program, std::span<const Shape> inputs,
                         std::span<const Measured> measured, std::span<int64_t> out);

}  // namespace hone::wire
