// What hconv/tile.inl.h multiplies with where the instruction set has no product of halves: both
// operands widened to f32, x when it is gathered, weights on load. Included after
// simd/halves_<isa>.h or vectors_portable.h.
#pragma once

namespace hone::kernels::HONE_ISA {

using X = float;          // a gathered element of x
constexpr int parts = 2;  // instructions that take up a pair
constexpr bool finishes_in_registers = false;

HONE_INLINE V set_x(const X* pair, int part) { return set1(pair[part]); }
// Of vector `j` of a pair's weights.
HONE_INLINE V load_weights(const Bf16* pair, int64_t, int j, int part) {
  pair += 2 * j * width;
  return part == 0 ? load_even(pair) : load_odd(pair);
}
HONE_INLINE V load_weights(const F16* pair, int64_t columns, int j, int part) {
  return load(pair + part * columns + j * width);
}
HONE_INLINE V dot(V sum, V x, V w) { return fma(x, w, sum); }

// x as the tiles read it.
template <class H>
HONE_INLINE void gather(const H* x, int64_t n, X* to) {
  int64_t i = 0;
  for (; i + width <= n; i += width) store(to + i, load(x + i));
  if (i < n) store(to + i, load(x + i, first_lanes(n - i)));
}
void hgather_bf16(const void* x, int64_t n, void* to) {
  gather(static_cast<const Bf16*>(x), n, static_cast<X*>(to));
}
void hgather_f16(const void* x, int64_t n, void* to) {
  gather(static_cast<const F16*>(x), n, static_cast<X*>(to));
}

}  // namespace hone::kernels::HONE_ISA
