// What a step of each kernel family has to do, from the sizes it is bound for: operations and
// bytes, whatever its tactic. Fused layers are counted whole: the products of a convolution, its
// residual's bytes.
#pragma once

#include <optional>
#include <span>

#include "device/kernels/kernel.h"

namespace hone::ship {

struct Work {
  // A multiply-add is two, other functions of an element one (as OpDef::flops counts). Taps that
  // fall on padding at the borders count, those that do everywhere do not. Moving data is none.
  // nullopt: the data decide.
  std::optional<double> flops;
  // Read and written, each operand once and only the part of it that is touched. nullopt: the data
  // decide.
  std::optional<double> weight_bytes, value_bytes;
  bool integers = false;  // the operations are products of bytes

  std::optional<double> bytes() const {
    if (!weight_bytes || !value_bytes) return std::nullopt;
    return *weight_bytes + *value_bytes;
  }
};

// `is_weight`, by input operand: it lies among the engine's weights. All unknown for a family that
// is not in families.inc.
Work count_work(std::string_view family, const kernels::Step& step,
                std::span<const bool> is_weight);

// True of families whose operations are products with matrices, filters or states.
bool multiplies(std::string_view family);

// True where count_work knows how that family counts: for a test over families.inc.
bool counts_family(std::string_view family);

}  // namespace hone::ship
