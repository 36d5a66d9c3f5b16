// The tile of hconv: some rows (output pixels) times some vectors of columns (filters), summed in
// f32 registers a pair of k at a time, finished (bias, residual, activation), rounded and stored.
//
// Packed weights are the panels of each group (simd/panels.h). A panel is, for each of its columns,
// the bias (f32), then the weights of each pair of k: in bf16 [columns][2], as AVX512-BF16's dot
// product and AMX's tiles read them, in f16 [2][columns], which conversions read without a shuffle.
// The depth is filled up with 0 to whole pairs, or whole tiles.
#pragma once

#include "device/kernels/hconv/params.h"
#include "device/kernels/simd/amx.h"
#include "device/kernels/simd/halves.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

struct HTile {
  const void* a;    // the rows' windows, gathered as the tiling wants them, or x
  int64_t a_bytes;  // from one row to the next
  int64_t pairs;
  const uint8_t* panel;
  DType y_type;
  void* y;
  int64_t y_row;         // elements
  const void* residual;  // of y's type; nullptr: none; may be y
  int64_t r_row;
  int64_t columns;  // valid ones; the others are not stored
  const Epilogue* epilogue;
};
using HTileFunction = void (*)(const HTile& tile);

// n elements of x as the tiles read them. Up to gather_slack bytes after them may be overwritten.
constexpr int64_t gather_slack = 64;
using HGather = void (*)(const void* x, int64_t n, void* to);

struct HType {
  const HTileFunction* functions;  // [(v - 1) * rows + r - 1] does r rows and v vectors
  HGather gather;
};
// AMX: functions take no rows but tiles of them.
struct HAmx {
  void (*begin)();  // before the first block of a thread, `end` after its last
  void (*end)();
  void (*block)(const HTile& tile, const AmxBlock& block, int rows, int vectors);
};
struct HTiling {
  int rows;
  PanelShape panel;
  int64_t a_element;  // bytes of a gathered element; 2: x's own, so that rows may be read in place
  HType bf16, f16;    // without functions and amx: not taken
  const HAmx* amx;    // bf16 only; nullptr: functions

  const HType& of(DType t) const { return t == DType::bf16 ? bf16 : f16; }
};

#define HONE_HTILING(isa, tile, count)                   \
  namespace isa {                                        \
  extern const HTileFunction htiles_bf16_##tile[count];  \
  extern const HTileFunction htiles_f16_##tile[count];   \
  void hgather_bf16(const void* x, int64_t n, void* to); \
  void hgather_f16(const void* x, int64_t n, void* to);  \
  }
#define HONE_HTYPES(isa, tile) \
  {isa::htiles_bf16_##tile, isa::hgather_bf16}, { isa::htiles_f16_##tile, isa::hgather_f16 }
HONE_HTILING(portable, 4x16, 8)
constexpr HTiling portable_h4x16 = {4, {16, 8}, 4, HONE_HTYPES(portable, 4x16), nullptr};
#if defined(__x86_64__)
HONE_HTILING(avx2, 6x16, 12)
HONE_HTILING(avx512, 12x32, 24)
namespace avx512_bf16 {
extern const HTileFunction htiles_bf16_12x32[24];
void hgather_bf16(const void* x, int64_t n, void* to);
}  // namespace avx512_bf16
namespace amx {
extern const HAmx hblocks;
}
namespace avx2 {
void hconv_dw_run(const RunArgs& args);
}
namespace avx512 {
void hconv_dw_run(const RunArgs& args);
}
constexpr HTiling avx2_h6x16 = {6, {16, 8}, 4, HONE_HTYPES(avx2, 6x16), nullptr};
constexpr HTiling avx512_h12x32 = {12, {32, 16}, 4, HONE_HTYPES(avx512, 12x32), nullptr};
constexpr HTiling avx512_bf16_h12x32 = {
    12, {32, 16}, 2, {avx512_bf16::htiles_bf16_12x32, avx512_bf16::hgather_bf16}, {}, nullptr};
constexpr HTiling amx_h32x32 = {amx_rows, {32, 16}, 2, {}, {}, &amx::hblocks};
#endif
HONE_HTILING(neon, 6x16, 24)
namespace neon {
void hconv_dw_run(const RunArgs& args);
}
#if defined(__aarch64__)
constexpr HTiling neon_h6x16 = {6, {16, 4}, 4, HONE_HTYPES(neon, 6x16), nullptr};
#else  // to pack and bind for
constexpr HTiling neon_h6x16 = {6, {16, 4}, 4, HONE_HTYPES(portable, 4x16), nullptr};
#endif
#undef HONE_HTILING
#undef HONE_HTYPES

}  // namespace hone::kernels
