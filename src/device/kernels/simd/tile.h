// The inner product tile that conv and gemm share: some rows times some vectors of columns, held in
// registers over the whole sum, finished (bias, residual, activation) and stored.
#pragma once

#include <cstdint>

#include "device/kernels/activation.h"
#include "device/kernels/arm.h"
#include "device/kernels/simd/panels.h"

namespace hone::kernels {

// What happens to a sum on its way out.
struct Epilogue {
  Act act;
  float a, b;
  // none, relu and clip are min(max(x, lo), hi): the hot path.
  bool is_clamp;
  float lo, hi;
  bool residual_after_act;
};
static inline Epilogue make_epilogue(Act act, float a, float b, bool residual_after_act) {
  constexpr float inf = __builtin_inff();
  Epilogue e{act,
             a,
             b,
             act == Act::none || act == Act::relu || act == Act::clip,
             -inf,
             inf,
             residual_after_act};
  if (act == Act::relu) e.lo = 0;
  if (act == Act::clip) e.lo = a, e.hi = b;
  return e;
}

constexpr int max_tile_rows = 16;

// y[i][j] = finish(panel[0][j] + sum over t < taps, k of a[t][i][k] panel[1 + t K + k][j])
struct Tile {
  // [taps][max_tile_rows]: where the k values of each row begin. A tap whose first is null is zeros
  // for all rows, and passed over.
  const float* const* a;
  int64_t taps, k;
  // Bias, then the rows of the sum; each as wide as the tile's vectors.
  const float* panel;
  float* y;
  int64_t y_row;
  const float* residual;  // nullptr: none; may be y
  int64_t r_row;
  int64_t columns;  // valid ones; the rest of the last vector is not stored
  const Epilogue* epilogue;
};
using TileFunction = void (*)(const Tile& tile);

// A tile of up to `rows` rows times a panel's columns. functions[(v - 1) * rows + r - 1] does r
// rows and v vectors.
struct Tiling {
  int rows;
  PanelShape panel;
  const TileFunction* functions;

  TileFunction get(int64_t r, int64_t v) const { return functions[(v - 1) * rows + r - 1]; }
};

// Rows of the next tile where `left` rows remain: as even as whole tiles allow.
static inline int64_t next_rows(const Tiling& t, int64_t left) {
  int64_t tiles = (left + t.rows - 1) / t.rows;
  return (left + tiles - 1) / tiles;
}

#if defined(__x86_64__)
namespace avx2 {
extern const TileFunction tiles_6x16[12];
}
namespace avx512 {
extern const TileFunction tiles_14x32[28];
extern const TileFunction tiles_6x64[24];
}  // namespace avx512
namespace avx512_ymm {
extern const TileFunction tiles_9x24[27];
}
constexpr Tiling avx2_6x16 = {6, {16, 8}, avx2::tiles_6x16};
constexpr Tiling avx512_14x32 = {14, {32, 16}, avx512::tiles_14x32};
constexpr Tiling avx512_6x64 = {6, {64, 16}, avx512::tiles_6x64};
constexpr Tiling avx512_9x24 = {9, {24, 8}, avx512_ymm::tiles_9x24};
#endif
namespace neon {
extern const TileFunction tiles_6x16[24];
}
constexpr Tiling neon_6x16 = {6, {16, 4}, HONE_ON_ARM(neon::tiles_6x16)};

}  // namespace hone::kernels
