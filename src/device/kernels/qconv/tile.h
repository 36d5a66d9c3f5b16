// The tile of qconv: some rows (output pixels) times some vectors of columns (filters), summed in
// registers a 32-bit word of x at a time, requantised and stored as bytes. A word is four bytes of
// x or two words less the zero point: as the instruction set multiplies.
//
// Packed weights are a head of 64 bytes and the panels of each group (simd/panels.h). A panel is,
// for each of its columns, the first sum (i32), scale (f32), bias (i32, read only where it is
// apart; f32 where y is; the sum of the weights where x's zero point is an operand), w's zero point
// (i32), then for each word of x, or each two, the column's weights (i8: 4 or 2 of a word).
#pragma once

#include "device/kernels/qconv/source.h"
#include "device/kernels/simd/amx.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

struct QPackHead {
  int32_t zeros;  // some zero point is not 0
  int32_t unused[15];
};
constexpr int64_t panel_head = 16;  // bytes of a column before its weights

struct QTile {
  const uint8_t* a[max_tile_rows];  // each row's window
  const QSource* source;
  const uint8_t* panel;
  // Sums of each row's elements, which meet the zero points; nullptr: those are 0.
  const int32_t* row_sums;
  uint8_t* y;
  int64_t y_row;    // bytes
  int64_t columns;  // valid ones; bytes of the others are not stored
  QFinish finish;
};
using QTileFunction = void (*)(const QTile& tile);

// AMX: functions take no rows but tiles of them.
struct QAmx {
  void (*begin)();  // before the first block of a thread, `end` after its last
  void (*end)();
  // x_signed: bytes of x are i8.
  void (*block)(const QTile& tile, const AmxBlock& block, int rows, int vectors, bool x_signed);
};

// functions[(v - 1) * rows + r - 1] does r rows and v vectors.
struct QTiling {
  int rows;
  PanelShape panel;
  QElement element;
  const QTileFunction* functions;
  QConvert convert;
  const QAmx* amx;          // nullptr: functions; else x is read as it is
  int32_t taken_off_x = 0;  // bytes of x are multiplied less this
  int32_t together = 1;     // words of x whose weights lie together for each column

  QTileFunction get(int64_t r, int64_t v) const { return functions[(v - 1) * rows + r - 1]; }
  int64_t weights_of_word() const { return 4 / static_cast<int64_t>(element); }
  int64_t weights_together() const { return together * weights_of_word(); }
};

#define HONE_QTILING(isa, tile, count)                                            \
  namespace isa {                                                                 \
  extern const QTileFunction qtiles_##tile[count];                                \
  void qconvert(const QConvParams& p, const void* x, int64_t elements, void* to); \
  }
HONE_QTILING(portable, 4x16, 8)
constexpr QTiling portable_q4x16 = {
    4, {16, 8}, QElement::byte, portable::qtiles_4x16, portable::qconvert, nullptr};
#if defined(__x86_64__)
HONE_QTILING(avx2, 5x16, 10)
HONE_QTILING(avx_vnni, 6x16, 12)
HONE_QTILING(avx512, 12x32, 24)
HONE_QTILING(avx512_vnni, 12x32, 24)
constexpr QTiling avx2_q5x16 = {5,      {16, 8}, QElement::word, avx2::qtiles_5x16, avx2::qconvert,
                                nullptr};
constexpr QTiling avx_vnni_q6x16 = {
    6, {16, 8}, QElement::byte, avx_vnni::qtiles_6x16, avx_vnni::qconvert, nullptr};
constexpr QTiling avx512_q12x32 = {
    12, {32, 16}, QElement::word, avx512::qtiles_12x32, avx512::qconvert, nullptr};
constexpr QTiling avx512_vnni_q12x32 = {
    12, {32, 16}, QElement::byte, avx512_vnni::qtiles_12x32, avx512_vnni::qconvert, nullptr};
namespace amx {
extern const QAmx qblocks;
}
constexpr QTiling amx_q32x32 = {amx_rows, {32, 16}, QElement::byte,
                                nullptr,  nullptr,  &amx::qblocks};
#endif
HONE_QTILING(neon, 8x8, 16)
HONE_QTILING(neon_dot, 8x8, 16)
HONE_QTILING(neon_i8mm, 8x8, 16)
#define HONE_NEON_QTILING(isa, element, less) \
  constexpr QTiling isa##_q8x8 = {            \
      8, {8, 4}, element, HONE_ON_ARM(isa::qtiles_8x8), HONE_ON_ARM(isa::qconvert), nullptr, less}
HONE_NEON_QTILING(neon, QElement::word, 0);
HONE_NEON_QTILING(neon_dot, QElement::byte, 128);
HONE_NEON_QTILING(neon_i8mm, QElement::byte, 0);
#undef HONE_NEON_QTILING
// Two pixels by two filters and eight bytes of each at a time.
namespace neon_i8mm {
extern const QTileFunction qtiles_8x8x8[16];
}
constexpr QTiling neon_i8mm_q8x8x8 = {8,
                                      {8, 4},
                                      QElement::byte,
                                      HONE_ON_ARM(neon_i8mm::qtiles_8x8x8),
                                      HONE_ON_ARM(neon_i8mm::qconvert),
                                      nullptr,
                                      0,
                                      2};
#undef HONE_QTILING

}  // namespace hone::kernels
