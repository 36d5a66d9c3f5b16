// The tile of qconv: some rows times some vectors of columns, summed in registers two products at a
// time, requantised and stored as bytes.
//
// A panel is, for each of its columns, bias (i32), scale (f32), and w's zero point twice (2 words),
// then the weights: for each pair of channels two bytes for each column. u8 weights and their zero
// points are less 128, so that all are i8.
#pragma once

#include "device/kernels/qconv/params.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

constexpr int64_t panel_head = 12;  // bytes of a column before its weights

struct QTile {
  // [taps][max_tile_rows]: where the pairs of words of each row begin, x less its zero point.
  const int16_t* const* a;
  int64_t taps, pairs;
  const uint8_t* panel;
  uint8_t* y;
  int64_t y_row;
  int64_t columns;  // valid ones; bytes of the others are not stored
  QFinish finish;
  bool bias_apart;  // with the bias sums may leave 32 bits
};
using QTileFunction = void (*)(const QTile& tile);

// functions[(v - 1) * rows + r - 1] does r rows and v vectors.
struct QTiling {
  int rows;
  PanelShape panel;
  const QTileFunction* functions;

  QTileFunction get(int64_t r, int64_t v) const { return functions[(v - 1) * rows + r - 1]; }
};

#if defined(__x86_64__)
namespace avx2 {
extern const QTileFunction qtiles_5x16[10];
}
namespace avx512 {
extern const QTileFunction qtiles_12x32[24];
}
namespace avx512_vnni {
extern const QTileFunction qtiles_12x32[24];
}
constexpr QTiling avx2_q5x16 = {5, {16, 8}, avx2::qtiles_5x16};
constexpr QTiling avx512_q12x32 = {12, {32, 16}, avx512::qtiles_12x32};
constexpr QTiling avx512_vnni_q12x32 = {12, {32, 16}, avx512_vnni::qtiles_12x32};
#endif

}  // namespace hone::kernels
