// Transposes of 32-bit elements in blocks of 8 x 8: blocks of 16 x 16 in AVX-512 were measured
// slower. Included after copy/rows.inl.h by files for AVX2 and above, and NEON.
#pragma once

#include "device/kernels/simd/transpose.inl.h"

namespace hone::kernels::HONE_ISA {
namespace {

#if defined(__aarch64__)
// The same for 64-bit elements and i, j in [0, 4).
HONE_INLINE void transpose_4x4(const uint64_t* x, int64_t xj, uint64_t* y, int64_t yi) {
  for (int i = 0; i < 4; i += 2) {
    for (int j = 0; j < 4; j += 2) {
      const uint64x2_t a = vld1q_u64(x + i + j * xj), b = vld1q_u64(x + i + (j + 1) * xj);
      vst1q_u64(y + i * yi + j, vzip1q_u64(a, b));
      vst1q_u64(y + (i + 1) * yi + j, vzip2q_u64(a, b));
    }
  }
}

// Three columns, the channels of an image.
inline void interleave_3(const float* x, int64_t xj, float* y, int rows) {
  int i = 0;
  for (; i + 4 <= rows; i += 4) {
    vst3q_f32(y + 3 * i, {{vld1q_f32(x + i), vld1q_f32(x + xj + i), vld1q_f32(x + 2 * xj + i)}});
  }
  for (; i < rows; ++i) {
    for (int j = 0; j < 3; ++j) y[3 * i + j] = x[i + j * xj];
  }
}
#else
// The same for 64-bit elements and i, j in [0, 4).
HONE_INLINE void transpose_4x4(const uint64_t* x, int64_t xj, uint64_t* y, int64_t yi) {
  __m256i r[4];
  for (int j = 0; j < 4; ++j)
    r[j] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + j * xj));
  const __m256i a = _mm256_unpacklo_epi64(r[0], r[1]), b = _mm256_unpackhi_epi64(r[0], r[1]);
  const __m256i c = _mm256_unpacklo_epi64(r[2], r[3]), d = _mm256_unpackhi_epi64(r[2], r[3]);
  auto* to = reinterpret_cast<uint8_t*>(y);
  auto put = [&](int row, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + row * yi * 8), v);
  };
  put(0, _mm256_permute2x128_si256(a, c, 0x20));
  put(1, _mm256_permute2x128_si256(b, d, 0x20));
  put(2, _mm256_permute2x128_si256(a, c, 0x31));
  put(3, _mm256_permute2x128_si256(b, d, 0x31));
}

// Three columns, the channels of an image: eight rows are three vectors.
inline void interleave_3(const float* x, int64_t xj, float* y, int rows) {
  const __m256i pick = _mm256_setr_epi32(0, 3, 6, 1, 4, 7, 2, 5);
  const __m256i pick_b = _mm256_setr_epi32(5, 0, 3, 6, 1, 4, 7, 2);
  const __m256i pick_c = _mm256_setr_epi32(2, 5, 0, 3, 6, 1, 4, 7);
  int i = 0;
  for (; i + 8 <= rows; i += 8) {
    __m256 a = _mm256_permutevar8x32_ps(_mm256_loadu_ps(x + i), pick);
    __m256 b = _mm256_permutevar8x32_ps(_mm256_loadu_ps(x + xj + i), pick_b);
    __m256 c = _mm256_permutevar8x32_ps(_mm256_loadu_ps(x + 2 * xj + i), pick_c);
    _mm256_storeu_ps(y + 3 * i, _mm256_blend_ps(_mm256_blend_ps(a, b, 0x92), c, 0x24));
    _mm256_storeu_ps(y + 3 * i + 8, _mm256_blend_ps(_mm256_blend_ps(c, a, 0x92), b, 0x24));
    _mm256_storeu_ps(y + 3 * i + 16, _mm256_blend_ps(_mm256_blend_ps(b, c, 0x92), a, 0x24));
  }
  for (; i < rows; ++i) {
    for (int j = 0; j < 3; ++j) y[3 * i + j] = x[i + j * xj];
  }
}
#endif

void copy_tile(const float* x, int64_t xj, float* y, int64_t yi, int rows, int cols) {
  if (cols == 3 && yi == 3) return interleave_3(x, xj, y, rows);
  copy_blocks<8>(x, xj, y, yi, rows, cols, transpose_8x8);
}

}  // namespace

void copy_b32(const RunArgs& args) {
  auto& p = *static_cast<const CopyParams*>(args.params);
  p.tiled ? copy_tiles<float>(args, p, copy_tile) : copy_rows<uint32_t>(args, p);
}

void copy_b64(const RunArgs& args) {
  auto& p = *static_cast<const CopyParams*>(args.params);
  if (!p.tiled) return copy_rows<uint64_t>(args, p);
  // 16 x 16 at a time: rows whose distance is a power of two share a few lines of the cache.
  constexpr int part = 16;
  auto tile = [](const uint64_t* x, int64_t xj, uint64_t* y, int64_t yi, int rows, int cols) {
    for (int i = 0; i < rows; i += part) {
      for (int j = 0; j < cols; j += part) {
        copy_blocks<4>(x + i + j * xj, xj, y + i * yi + j, yi, rows - i < part ? rows - i : part,
                       cols - j < part ? cols - j : part, transpose_4x4);
      }
    }
  };
  copy_tiles<uint64_t>(args, p, tile);
}

}  // namespace hone::kernels::HONE_ISA
