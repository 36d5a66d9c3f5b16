// Depthwise qconv over packed weights.
//
// Packed: a QPackHead, then a block for each `block` channels; the last one ends with the last
// channel and may overlap the one before, or the only one repeats the channels where they are
// fewer. A block is the first sums (i32), scales (f32), biases (i32, read only where they are
// apart; f32 where y is), zero points (i32), then for each four rows of the kernel and each of its
// columns a word for each channel: the weights (i8) of those rows, 0 where there is none. Channels
// are in the order in which bytes of four vectors interleave: of every sixteen the first four in
// the first vector, the next four in the second ...
#pragma once

#include "device/kernels/qconv/tile.h"

namespace hone::kernels {

static inline int64_t dw_blocks(const ConvParams& c, int64_t block) {
  return (c.c + block - 1) / block;
}
static inline int64_t dw_block_at(const ConvParams& c, int64_t block, int64_t i) {
  return i > 0 && (i + 1) * block > c.c ? c.c - block : i * block;
}
static inline int64_t dw_block_bytes(const ConvParams& c, int64_t block) {
  return block * (16 + (c.kh + 3) / 4 * c.kw * 4);
}

const char* bind_qconv_dw(int block, const Step& step, void* params, Work* work);
int64_t qconv_dw_bytes(int block, const Step& step, int index);
void pack_qconv_dw(int block, const Step& step, const void* const* raw, void* dst);

#define HONE_QCONV_DW_RUN(isa, name) \
  namespace isa {                    \
  void name(const RunArgs& args);    \
  }
HONE_QCONV_DW_RUN(portable, qconv_dw_c32_run)
#if defined(__x86_64__)
HONE_QCONV_DW_RUN(avx2, qconv_dw_c32_run)
HONE_QCONV_DW_RUN(avx_vnni, qconv_dw_c32_run)
HONE_QCONV_DW_RUN(avx512, qconv_dw_c64_run)
HONE_QCONV_DW_RUN(avx512_vnni, qconv_dw_c32_run)
HONE_QCONV_DW_RUN(avx512_vnni, qconv_dw_c64_run)
#endif
HONE_QCONV_DW_RUN(neon, qconv_dw_c16_run)
HONE_QCONV_DW_RUN(neon_dot, qconv_dw_c16_run)
HONE_QCONV_DW_RUN(neon_i8mm, qconv_dw_c16_run)
#undef HONE_QCONV_DW_RUN

}  // namespace hone::kernels
