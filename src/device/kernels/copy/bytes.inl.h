// Transposes of bytes in blocks of 16 x 16. Included after copy/rows.inl.h by files for AVX2 and
// above, and NEON.
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>
#else
#include <immintrin.h>
#endif

namespace hone::kernels::HONE_ISA {
namespace {

#if defined(__aarch64__)
using Sixteen = uint8x16_t;
HONE_INLINE Sixteen load_16(const uint8_t* p) { return vld1q_u8(p); }
HONE_INLINE void store_16(uint8_t* p, Sixteen v) { vst1q_u8(p, v); }
HONE_INLINE Sixteen interleave_low(Sixteen a, Sixteen b) { return vzip1q_u8(a, b); }
HONE_INLINE Sixteen interleave_high(Sixteen a, Sixteen b) { return vzip2q_u8(a, b); }
#else
using Sixteen = __m128i;
HONE_INLINE Sixteen load_16(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
HONE_INLINE void store_16(uint8_t* p, Sixteen v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
}
HONE_INLINE Sixteen interleave_low(Sixteen a, Sixteen b) { return _mm_unpacklo_epi8(a, b); }
HONE_INLINE Sixteen interleave_high(Sixteen a, Sixteen b) { return _mm_unpackhi_epi8(a, b); }
#endif

// y[i yi + j] = x[i + j xj] for i, j in [0, 16): four rounds that interleave rows k and k + 8.
HONE_INLINE void transpose_16x16(const uint8_t* x, int64_t xj, uint8_t* y, int64_t yi) {
  Sixteen r[16], t[16];
  for (int k = 0; k < 16; ++k) r[k] = load_16(x + k * xj);
  for (int round = 0; round < 4; round += 2) {
    for (int k = 0; k < 8; ++k) {
      t[2 * k] = interleave_low(r[k], r[k + 8]);
      t[2 * k + 1] = interleave_high(r[k], r[k + 8]);
    }
    for (int k = 0; k < 8; ++k) {
      r[2 * k] = interleave_low(t[k], t[k + 8]);
      r[2 * k + 1] = interleave_high(t[k], t[k + 8]);
    }
  }
  for (int k = 0; k < 16; ++k) store_16(y + k * yi, r[k]);
}

// A few columns that lie side by side, the channels of an image or halves to be interleaved.
template <int C>
void interleave(const uint8_t* x, int64_t xj, uint8_t* y, int rows) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < C; ++j) y[i * C + j] = x[i + j * xj];
  }
}

// Three rows that lie side by side in x: an image's channels taken apart.
template <int C>
void take_apart(const uint8_t* x, uint8_t* y, int64_t yi, int cols) {
  for (int j = 0; j < cols; ++j) {
    for (int i = 0; i < C; ++i) y[i * yi + j] = x[j * C + i];
  }
}

void copy_byte_tile(const uint8_t* x, int64_t xj, uint8_t* y, int64_t yi, int rows, int cols) {
  if (cols == 2 && yi == 2) return interleave<2>(x, xj, y, rows);
  if (cols == 3 && yi == 3) return interleave<3>(x, xj, y, rows);
  if (rows == 2 && xj == 2) return take_apart<2>(x, y, yi, cols);
  if (rows == 3 && xj == 3) return take_apart<3>(x, y, yi, cols);
  copy_blocks<16>(x, xj, y, yi, rows, cols, transpose_16x16);
}

}  // namespace

void copy_b8(const RunArgs& args) {
  auto& p = *static_cast<const CopyParams*>(args.params);
  p.tiled ? copy_tiles<uint8_t>(args, p, copy_byte_tile) : copy_rows<uint8_t>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
