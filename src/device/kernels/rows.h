// Checks of operands that bind() functions share.
#pragma once

#include "device/kernels/check.h"

namespace hone::kernels {

// No dimension of a step is larger: products of a few sizes fit 64 bits.
constexpr int64_t max_dimension = int64_t{1} << 31;

// True where every dimension of `o` is within limits and so is what its strides span.
inline bool has_sane_sizes(const Operand& o) {
  for (int64_t d : o.shape) {
    if (d < 0 || d > max_dimension) return false;
  }
  int64_t elements = 0;
  return extent(o, &elements) && elements <= max_elements;
}

// True for an operand of this type and of sane size whose rows (last dimension) are contiguous and
// lie `*row_stride` elements apart. Empty operands pass with any strides: nothing is touched.
inline bool rows_of(const Operand& o, DType type, int64_t* row_stride) {
  if (o.dtype != type || o.shape.rank() == 0 || !has_sane_sizes(o)) return false;
  int64_t elements = 0;
  if (extent(o, &elements) && elements == 0) return *row_stride = o.shape.back(), true;
  return is_row_strided(o, row_stride);
}
inline bool f32_rows(const Operand& o, int64_t* row_stride) {
  return rows_of(o, DType::f32, row_stride);
}

// The same for bytes, u8 or i8.
inline bool byte_rows(const Operand& o, int64_t* row_stride) {
  if (!is_byte(o.dtype) || o.shape.rank() == 0 || !has_sane_sizes(o)) return false;
  int64_t elements = 0;
  if (extent(o, &elements) && elements == 0) return *row_stride = 0, true;
  return is_row_strided(o, row_stride);
}

// True for a dense operand of this type and of sane size. Empty ones pass with any strides.
inline bool dense_of(const Operand& o, DType type) {
  int64_t elements = 0;
  if (o.dtype != type || !has_sane_sizes(o) || !extent(o, &elements)) return false;
  return elements == 0 || is_dense(o);
}
inline bool f32_dense(const Operand& o) { return dense_of(o, DType::f32); }

// True for a packed blob of exactly `bytes`.
inline bool is_blob(const Operand& o, int64_t bytes) {
  return o.dtype == DType::u8 && o.shape.rank() == 1 && o.shape[0] == bytes && is_dense(o);
}

// in[i], or an absent operand where the step ends before.
inline const Operand& operand_or_absent(std::span<const Operand> operands, size_t i) {
  static constexpr Operand absent{};
  return i < operands.size() ? operands[i] : absent;
}

}  // namespace hone::kernels
