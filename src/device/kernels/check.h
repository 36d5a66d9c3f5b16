// Conditions that the bind functions of several families share. Only for files compiled with the
// baseline flags: inline functions of an ISA file would be given to every CPU.
#pragma once

#include "device/kernels/chunks.h"

namespace hone::kernels {

// Above every real tensor, far below what overflows when multiplied by an element's bytes.
constexpr int64_t max_elements = int64_t{1} << 48;

// The operand is there, dense, and of a size whose products do not overflow.
inline bool dense_count(const Operand& o, int64_t* n) {
  if (!o.present() || !is_valid(o.dtype) || !o.shape.count_checked(n)) return false;
  return *n <= max_elements && (*n == 0 || is_dense(o));
}

inline bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

// Bytes of one element, 0 for types narrower than a byte or without a width.
constexpr int element_bytes(DType t) { return bits(t) / 8; }

constexpr int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }
constexpr int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

template <class Params>
Params* params_as(void* p) {
  static_assert(sizeof(Params) <= max_params_bytes && alignof(Params) <= 16);
  return static_cast<Params*>(p);
}

}  // namespace hone::kernels
