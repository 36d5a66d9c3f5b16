// col2im for vectors of floats. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/col2im/col2im_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

#include "device/kernels/col2im/rows.inl.h"

HONE_INLINE Mask lanes(int64_t left) { return first_lanes(left < width ? left : width); }

}  // namespace

void col2im_f32(const RunArgs& args) {
  rows(
      args,
      [](float* y, const float* bias, int64_t n) {
        for (int64_t c = 0; c < n; c += width) {
          store(y + c, bias ? load(bias + c, lanes(n - c)) : zero(), lanes(n - c));
        }
      },
      [](float* y, const float* x, int64_t n) {
        int64_t c = 0;
        for (; c + width <= n; c += width) store(y + c, add(load(y + c), load(x + c)));
        if (c == n) return;
        const Mask mask = lanes(n - c);
        store(y + c, add(load(y + c, mask), load(x + c, mask)), mask);
      });
}

}  // namespace hone::kernels::HONE_ISA
