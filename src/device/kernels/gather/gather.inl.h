// gather with short rows moved in place. Included after simd/move_<isa>.h.
#pragma once

#include "device/kernels/gather/gather_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class Index>
HONE_INLINE int64_t row_of(const GatherParams& p, const Index* indices, int64_t i) {
  int64_t index = indices[i];
  if (index < 0) index += p.axis_size;
  return index < 0 ? 0 : index >= p.axis_size ? p.axis_size - 1 : index;
}

// Elements [at, end) of y.
template <class T, class Index>
void gather_range(const GatherParams& p, const RunArgs& args, int64_t at, int64_t end) {
  const T* x = static_cast<const T*>(args.in[0]);
  const auto* indices = static_cast<const Index*>(args.in[1]);
  T* y = static_cast<T*>(args.out[0]);
  int64_t row = at / p.inner, col = at % p.inner, outer = row / p.indices, i = row % p.indices;
  while (at < end) {
    const T* from = x + outer * p.axis_size * p.inner;
    if (p.inner == 1) {
      for (; i < p.indices && at < end; ++i) y[at++] = from[row_of(p, indices, i)];
    } else {
      for (; i < p.indices && at < end; ++i) {
        const int64_t n = p.inner - col < end - at ? p.inner - col : end - at;
        move_bytes(reinterpret_cast<uint8_t*>(y + at),
                   reinterpret_cast<const uint8_t*>(from + row_of(p, indices, i) * p.inner + col),
                   n * static_cast<int64_t>(sizeof(T)));
        at += n;
        col = 0;
      }
    }
    i = 0;
    ++outer;
  }
}

}  // namespace

void gather_any(const RunArgs& args) {
  auto& p = *static_cast<const GatherParams*>(args.params);
  const Span64 own = elements_of_units(args, p.total);
  if (own.begin >= own.end) return;
  with_word(p.bytes, [&](auto word) {
    using T = decltype(word);
    p.wide ? gather_range<T, int64_t>(p, args, own.begin, own.end)
           : gather_range<T, int32_t>(p, args, own.begin, own.end);
  });
}

}  // namespace hone::kernels::HONE_ISA
