// rnn for vectors of floats. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/rnn/rnn_impl.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// `count` rows at a time: the sum is read and written once for them.
template <int count>
HONE_INLINE void add_rows(const float* a, const float* r, int64_t stride, int64_t n, float* sum) {
  V scale[count];
  for (int k = 0; k < count; ++k) scale[k] = set1(a[k]);
  int64_t j = 0;
  for (; j + width <= n; j += width) {
    V s = load(sum + j);
    for (int k = 0; k < count; ++k) s = fma(scale[k], load(r + k * stride + j), s);
    store(sum + j, s);
  }
  if (j == n) return;
  const Mask mask = first_lanes(n - j);
  V s = load(sum + j, mask);
  for (int k = 0; k < count; ++k) s = fma(scale[k], load(r + k * stride + j, mask), s);
  store(sum + j, s, mask);
}

void accumulate(const float* a, int64_t k_count, const float* r, int64_t stride, int64_t n,
                float* sum) {
  int64_t k = 0;
  for (; k + 8 <= k_count; k += 8) add_rows<8>(a + k, r + k * stride, stride, n, sum);
  for (; k < k_count; ++k) add_rows<1>(a + k, r + k * stride, stride, n, sum);
}

#include "device/kernels/rnn/cell.inl.h"

}  // namespace

void rnn_f32(const RunArgs& args) {
  auto& p = *static_cast<const RnnParams*>(args.params);
  for (int64_t u = args.begin; u < args.end; ++u) Sequence(args, p, u).run();
}

}  // namespace hone::kernels::HONE_ISA
