#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/copy/copy_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void run_rows(const RunArgs& args, const CopyParams& p) {
  const Loops<2>& l = p.loops;
  const T* x = static_cast<const T*>(args.in[0]) + p.x_base;
  T* y = static_cast<T*>(args.out[0]);
  int64_t sx = l.stride[0][l.rank - 1], sy = l.stride[1][l.rank - 1];
  walk_units<2>(args, l, [&](const int64_t* at, int64_t n) {
    const T* from = x + at[0];
    T* to = y + at[1];
    if (sx == 1 && sy == 1) {
      std::memmove(to, from, static_cast<size_t>(n) * sizeof(T));
    } else if (sy == 1) {
      for (int64_t i = 0; i < n; ++i) to[i] = from[i * sx];
    } else {
      for (int64_t i = 0; i < n; ++i) to[i * sy] = from[i * sx];
    }
  });
}

// Blocks of 16 x 16 within a tile, so that rows of x whose distance is a power of two, which share
// a few lines of the cache, are not evicted before they are used up.
template <class T>
void copy_tile(const T* x, int64_t xj, T* y, int64_t yi, int rows, int cols) {
  constexpr int b = 16;
  for (int i0 = 0; i0 < rows; i0 += b) {
    int i1 = i0 + b < rows ? i0 + b : rows;
    for (int j0 = 0; j0 < cols; j0 += b) {
      int j1 = j0 + b < cols ? j0 + b : cols;
      for (int i = i0; i < i1; ++i) {
        for (int j = j0; j < j1; ++j) y[i * yi + j] = x[i + j * xj];
      }
    }
  }
}

template <class T>
void run_tiles(const RunArgs& args, const CopyParams& p) {
  int64_t end = min_of(args.end * p.group, p.tiles);
  int64_t xj = p.loops.stride[0][p.loops.rank - 1], yi = p.loops.stride[1][p.loops.rank - 2];
  for (int64_t t = args.begin * p.group; t < end; ++t) {
    CopyTile c = tile_at(p, t);
    copy_tile(static_cast<const T*>(args.in[0]) + c.x, xj, static_cast<T*>(args.out[0]) + c.y, yi,
              c.rows, c.cols);
  }
}

}  // namespace

void copy_any(const RunArgs& args) {
  auto& p = *static_cast<const CopyParams*>(args.params);
  with_word(p.bytes, [&](auto word) {
    using T = decltype(word);
    p.tiled ? run_tiles<T>(args, p) : run_rows<T>(args, p);
  });
}

}  // namespace hone::kernels::portable
