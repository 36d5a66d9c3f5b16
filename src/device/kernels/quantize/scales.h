// Which scale an element takes: what quantize and dequantize share.
//
// What runs is static (one copy in each object file), so that ISA files may use it.
#pragma once

#include "common/tensor/small_float.h"
#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class ScaleKind : int32_t { one, axis, block };

struct QuantParams {
  int64_t total, size, inner;
  int64_t block, blocks;
  ScaleKind kind;
  DType dtype;        // of the quantised elements
  bool zero;          // there are zero points
  DType real, scale;  // of what is not quantised, and of the scales
  DType precision;    // of quotients
  SmallFloatRules rules;
};

// Checks everything but the types of x and y and writes params and units. nullptr or the reason.
const char* bind_quantized(const Step& step, int32_t block, DType real, DType quantised,
                           QuantParams* p, Work* work);
// All that is not quantised is f32: the kernels for that alone.
inline bool is_all_f32(const QuantParams& p) {
  return p.real == DType::f32 && p.scale == DType::f32 && p.precision == DType::f32;
}

// Calls run(at, n, scale, step) for the pieces of [begin, end) whose scales are one (step 0) or
// lie beside each other (step 1), beginning with number `scale`.
template <class Run>
static inline void quant_runs(const QuantParams& p, int64_t begin, int64_t end, Run&& run) {
  for (int64_t at = begin; at < end;) {
    int64_t n = end - at, scale = 0, step = 0;
    if (p.kind != ScaleKind::one) {
      const int64_t row = at / p.inner, i = at % p.inner, along = row % p.size;
      int64_t left = p.inner - i;
      if (p.kind == ScaleKind::axis) {
        scale = along;
        if (p.inner == 1) left = p.size - along, step = 1;
      } else {
        const int64_t of_block = along / p.block;
        scale = (row / p.size * p.blocks + of_block) * p.inner + i;
        const int64_t stop = (of_block + 1) * p.block < p.size ? (of_block + 1) * p.block : p.size;
        if (p.inner == 1) left = stop - along;
        if (p.inner != 1) step = 1;
      }
      if (left < n) n = left;
    }
    run(at, n, scale, step);
    at += n;
  }
}

}  // namespace hone::kernels
