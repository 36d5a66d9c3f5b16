// arg_max and arg_min for floats. Included after simd/math_<isa>.h and reduce.inl.h's folds.
#pragma once

#include "device/kernels/reduce/reduce_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

// The first (or last) place of `best`, or of a NaN where it is one, which is there.
int64_t place_of(const float* x, int64_t n, float best, bool last) {
  const V want = set1(best);
  const uint32_t flip = best != best ? ~0u : 0;
  const int64_t blocks = (n + width - 1) / width;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t i = (last ? blocks - 1 - b : b) * width;
    const int64_t count = n - i < width ? n - i : width;
    const V v = load(x + i, first_lanes(count));
    const uint32_t hit = (equal_lanes(v, flip ? v : want) ^ flip) & ((uint32_t{1} << count) - 1);
    if (hit == 0) continue;
    return i + (last ? 31 - __builtin_clz(hit) : __builtin_ctz(hit));
  }
  return 0;
}

template <class Fold>
void arg_rows(const RunArgs& args, const ReduceParams& p, int64_t begin, int64_t end) {
  const int64_t n = p.reduced.total;
  for (int64_t o = begin; o < end; ++o) {
    const float* x = static_cast<const float*>(args.in[0]) + offset_at(p.kept, 0, o);
    float lanes[width], best = Fold::start;
    store(lanes, fold_run<Fold>(x, n, set1(Fold::start)));
    for (int k = 0; k < width; ++k) best = Fold::one(best, lanes[k]);
    static_cast<int64_t*>(args.out[0])[o] = place_of(x, n, best, p.last);
  }
}

// Up to reduce_block columns side by side, without branches: the compiler makes vectors of it.
// Places are counted in 32 bits, within runs of as many rows as those hold.
template <bool max, bool last>
void arg_block(const float* x, int64_t* y, const ReduceParams& p, int count) {
  constexpr int64_t run = INT32_MAX;
  const int64_t stride = p.reduced.stride[0][0], n = p.reduced.total;
  float best[reduce_block];
  int32_t at[reduce_block];
  for (int c = 0; c < count; ++c) best[c] = x[c], y[c] = 0;
  auto row = [&](const float* from, int32_t k, int columns) __attribute__((always_inline)) {
    for (int c = 0; c < columns; ++c) {
      const float v = from[c], old = best[c];
      const bool more = max ? v > old : v < old, nan = v != v;
      const bool take = last ? (v == old) | more | nan : more | (nan & (old == old));
      best[c] = take ? v : old;
      at[c] = take ? k : at[c];
    }
  };
  for (int64_t begin = 1; begin < n; begin += run) {
    const auto rows = static_cast<int32_t>(n - begin < run ? n - begin : run);
    for (int32_t& place : at) place = -1;
    for (int32_t k = 0; k < rows; ++k) {
      const float* from = x + (begin + k) * stride;
      count == reduce_block ? row(from, k, reduce_block) : row(from, k, count);
    }
    for (int c = 0; c < count; ++c) y[c] = at[c] < 0 ? y[c] : begin + at[c];
  }
}

using ArgBlock = void (*)(const float* x, int64_t* y, const ReduceParams& p, int count);

void arg_f32(const RunArgs& args, const ReduceParams& p, int64_t begin, int64_t end) {
  const bool max = p.op == Reduce::arg_max;
  if (p.by_rows) {
    return max ? arg_rows<Max>(args, p, begin, end) : arg_rows<Min>(args, p, begin, end);
  }
  const ArgBlock block_of[2][2] = {{arg_block<false, false>, arg_block<false, true>},
                                   {arg_block<true, false>, arg_block<true, true>}};
  for (int64_t b = begin; b < end; ++b) {
    ReduceBlock block = reduce_block_at(p, b);
    block_of[max][p.last](static_cast<const float*>(args.in[0]) + block.x,
                          static_cast<int64_t*>(args.out[0]) + block.y, p, block.count);
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
