// The copies that are no transposes: runs along the innermost dimension. Included after
// simd/move_<isa>.h.
#pragma once

#include "device/kernels/copy/copy_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::HONE_ISA {
namespace {

// n elements `sx` apart become `n` that are `sy` apart.
template <class T>
HONE_INLINE void copy_run(const T* x, int64_t sx, T* y, int64_t sy, int64_t n) {
  if (sx == 1 && sy == 1) {
    move_bytes(reinterpret_cast<uint8_t*>(y), reinterpret_cast<const uint8_t*>(x),
               n * static_cast<int64_t>(sizeof(T)));
  } else if (sx == 0 && sy == 1) {
    const T v = *x;
    for (int64_t i = 0; i < n; ++i) y[i] = v;
  } else if (sx == 2 && sy == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = x[2 * i];
  } else if (sy == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i * sx];
  } else if (sx == 1 && sy == 2) {
    for (int64_t i = 0; i < n; ++i) y[2 * i] = x[i];
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * sy] = x[i * sx];
  }
}

template <class T>
void copy_rows(const RunArgs& args, const CopyParams& p) {
  const Loops<2>& l = p.loops;
  const T* x = static_cast<const T*>(args.in[0]) + p.x_base;
  T* y = static_cast<T*>(args.out[0]);
  const int64_t sx = l.stride[0][l.rank - 1], sy = l.stride[1][l.rank - 1];
  walk_units<2>(args, l,
                [&](const int64_t* at, int64_t n) { copy_run(x + at[0], sx, y + at[1], sy, n); });
}

// Calls tile(x, xj, y, yi, rows, cols) for the blocks of a transpose.
template <class T, class Tile>
HONE_INLINE void copy_tiles(const RunArgs& args, const CopyParams& p, Tile tile) {
  const int64_t end = args.end * p.group < p.tiles ? args.end * p.group : p.tiles;
  const int64_t xj = p.loops.stride[0][p.loops.rank - 1], yi = p.loops.stride[1][p.loops.rank - 2];
  for (int64_t t = args.begin * p.group; t < end; ++t) {
    const CopyTile c = tile_at(p, t);
    tile(static_cast<const T*>(args.in[0]) + c.x, xj, static_cast<T*>(args.out[0]) + c.y, yi,
         c.rows, c.cols);
  }
}

// Blocks of B x B by `block`, what is left over one by one.
template <int B, class T, class Block>
HONE_INLINE void copy_blocks(const T* x, int64_t xj, T* y, int64_t yi, int rows, int cols,
                             Block block) {
  const int whole_rows = rows / B * B, whole_cols = cols / B * B;
  for (int i = 0; i < whole_rows; i += B) {
    for (int j = 0; j < whole_cols; j += B) block(x + i + j * xj, xj, y + i * yi + j, yi);
  }
  for (int i = 0; i < rows; ++i) {
    for (int j = i < whole_rows ? whole_cols : 0; j < cols; ++j) y[i * yi + j] = x[i + j * xj];
  }
}

}  // namespace
}  // namespace hone::kernels::HONE_ISA
