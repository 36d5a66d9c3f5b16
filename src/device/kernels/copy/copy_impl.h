// What copy.cc shares with the files that run.
#pragma once

#include "device/kernels/copy/copy.h"
#include "device/kernels/loops.h"

namespace hone::kernels {

struct CopyParams {
  // Over the elements, y's largest stride outermost, with the strides of x (negative where it is
  // read backwards) and y. With tiles: the last dimension is contiguous in y, the one before it in
  // x, and they are cut into tile_i x tile_j blocks, `group` of which make a unit.
  Loops<2> loops;
  int64_t x_base;  // element of x read first: not 0 where it is read backwards
  bool tiled;
  int32_t bytes;  // of one element
  int32_t tile_i, tile_j;
  int64_t tiles_i, tiles_j, tiles, group;
};

// A block of the two innermost dimensions: y[i ys + j] = x[i xs + j xj]; xs is 1 or -1.
struct CopyTile {
  int64_t x, y;  // offsets of its first element
  int32_t rows, cols;
};

static inline CopyTile tile_at(const CopyParams& p, int64_t t) {
  const Loops<2>& l = p.loops;
  int di = l.rank - 2, dj = l.rank - 1;
  int64_t j = t % p.tiles_j * p.tile_j, i = t / p.tiles_j % p.tiles_i * p.tile_i;
  int64_t outer = t / (p.tiles_j * p.tiles_i);
  CopyTile c = {p.x_base + i * l.stride[0][di] + j * l.stride[0][dj],
                i * l.stride[1][di] + j * l.stride[1][dj], 0, 0};
  for (int d = di - 1; d >= 0; --d) {
    int64_t at = outer % l.size[d];
    outer /= l.size[d];
    c.x += at * l.stride[0][d];
    c.y += at * l.stride[1][d];
  }
  int64_t rows = l.size[di] - i, cols = l.size[dj] - j;
  c.rows = rows < p.tile_i ? static_cast<int32_t>(rows) : p.tile_i;
  c.cols = cols < p.tile_j ? static_cast<int32_t>(cols) : p.tile_j;
  return c;
}

namespace portable {
void copy_any(const RunArgs& args);
}
namespace avx2 {
void copy_b8(const RunArgs& args);
void copy_b32(const RunArgs& args);
void copy_b64(const RunArgs& args);
}  // namespace avx2
namespace avx512 {
void copy_b8(const RunArgs& args);
void copy_b32(const RunArgs& args);
void copy_b64(const RunArgs& args);
}  // namespace avx512
namespace neon {
void copy_b8(const RunArgs& args);
void copy_b32(const RunArgs& args);
void copy_b64(const RunArgs& args);
}  // namespace neon

}  // namespace hone::kernels
