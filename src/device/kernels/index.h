// Indices as data: reading them and keeping them inside. Only for files compiled with the baseline
// flags.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

inline bool is_index_type(DType t) { return t == DType::i64 || t == DType::i32; }

// Element i of an operand of i32 or i64.
inline int64_t index_at(const void* indices, bool wide, int64_t i) {
  return wide ? static_cast<const int64_t*>(indices)[i]
              : int64_t{static_cast<const int32_t*>(indices)[i]};
}

// `index` counted from the end where negative, clamped into [0, size); size >= 1.
inline int64_t clamp_index(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index < 0 ? 0 : index >= size ? size - 1 : index;
}

}  // namespace hone::kernels
