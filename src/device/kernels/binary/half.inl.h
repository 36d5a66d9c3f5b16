// binary of 16-bit floats: computed in f32, rounded once. Included after simd/halves_<isa>.h.
#pragma once

#include "device/kernels/binary/binary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// One value for the whole run.
template <class H>
HONE_INLINE V every_lane(const H* p) {
  float lanes[width];
  store(lanes, load(p, first_lanes(1)));
  return set1(lanes[0]);
}

template <class H, bool step_a, bool step_b, class F>
void half_row(const H* a, const H* b, H* y, int64_t n, F f) {
  const V one_a = step_a ? zero() : every_lane(a), one_b = step_b ? zero() : every_lane(b);
  int64_t i = 0;
  for (; i + width <= n; i += width) {
    store(y + i, f(step_a ? load(a + i) : one_a, step_b ? load(b + i) : one_b));
  }
  if (i == n) return;
  const Mask m = first_lanes(n - i);
  store(y + i, f(step_a ? load(a + i, m) : one_a, step_b ? load(b + i, m) : one_b), m);
}

template <class H, class F>
void run_halves(const RunArgs& args, const BinaryParams& p, F f) {
  const Loops<2>& l = p.loops;
  const H *a = static_cast<const H*>(args.in[0]), *b = static_cast<const H*>(args.in[1]);
  H* y = static_cast<H*>(args.out[0]) + args.begin * chunk;
  const bool step_a = l.stride[0][l.rank - 1] != 0, step_b = l.stride[1][l.rank - 1] != 0;
  walk_units<2>(args, l, [&](const int64_t* at, int64_t n) {
    const H *from_a = a + at[0], *from_b = b + at[1];
    if (step_a) {
      step_b ? half_row<H, true, true>(from_a, from_b, y, n, f)
             : half_row<H, true, false>(from_a, from_b, y, n, f);
    } else {
      step_b ? half_row<H, false, true>(from_a, from_b, y, n, f)
             : half_row<H, false, false>(from_a, from_b, y, n, f);
    }
    y += n;
  });
}

template <class H>
void run_function(const RunArgs& args, const BinaryParams& p) {
  switch (p.attrs.op) {
    case Binary::add: return run_halves<H>(args, p, [](V a, V b) { return add(a, b); });
    case Binary::sub: return run_halves<H>(args, p, [](V a, V b) { return sub(a, b); });
    default: return run_halves<H>(args, p, [](V a, V b) { return mul(a, b); });
  }
}

}  // namespace

void binary_16bit(const RunArgs& args) {
  const auto& p = *static_cast<const BinaryParams*>(args.params);
  p.dtype == DType::bf16 ? run_function<Bf16>(args, p) : run_function<F16>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
