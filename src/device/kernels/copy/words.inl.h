// Transposes of 32-bit elements in blocks of 8 x 8: blocks of 16 x 16 in AVX-512 were measured
// slower. Included after copy/rows.inl.h by files for AVX2 and above.
#pragma once

#include "device/kernels/simd/transpose.inl.h"

namespace hone::kernels::HONE_ISA {
namespace {

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

void copy_tile(const float* x, int64_t xj, float* y, int64_t yi, int rows, int cols) {
  if (cols == 3 && yi == 3) return interleave_3(x, xj, y, rows);
  copy_blocks<8>(x, xj, y, yi, rows, cols, transpose_8x8);
}

}  // namespace

void copy_b32(const RunArgs& args) {
  auto& p = *static_cast<const CopyParams*>(args.params);
  p.tiled ? copy_tiles<float>(args, p, copy_tile) : copy_rows<uint32_t>(args, p);
}

}  // namespace hone::kernels::HONE_ISA
