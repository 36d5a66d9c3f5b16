// Transposes of 32-bit elements in blocks of 8 x 8. Included after simd/<isa>.h.
#pragma once

namespace hone::kernels::HONE_ISA {

// y[i yi + j] = x[i + j xj] for i, j in [0, 8).
#if defined(__aarch64__)
HONE_INLINE void transpose_block(const float* x, int64_t xj, float* y, int64_t yi) {
  const V a = load(x), b = load(x + xj), c = load(x + 2 * xj), d = load(x + 3 * xj);
  const V ac_low = vzip1q_f32(a, c), ac_high = vzip2q_f32(a, c);
  const V bd_low = vzip1q_f32(b, d), bd_high = vzip2q_f32(b, d);
  store(y, vzip1q_f32(ac_low, bd_low));
  store(y + yi, vzip2q_f32(ac_low, bd_low));
  store(y + 2 * yi, vzip1q_f32(ac_high, bd_high));
  store(y + 3 * yi, vzip2q_f32(ac_high, bd_high));
}
HONE_INLINE void transpose_8x8(const float* x, int64_t xj, float* y, int64_t yi) {
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 8; j += 4) transpose_block(x + i + j * xj, xj, y + i * yi + j, yi);
  }
}
#else
HONE_INLINE void transpose_8x8(const float* x, int64_t xj, float* y, int64_t yi) {
  __m256 r[8], t[8];
  for (int k = 0; k < 4; ++k) {  // halves of rows j and j + 4 side by side
    __m128 low = _mm_loadu_ps(x + k * xj), high = _mm_loadu_ps(x + k * xj + 4);
    r[k] = _mm256_insertf128_ps(_mm256_castps128_ps256(low), _mm_loadu_ps(x + (k + 4) * xj), 1);
    r[k + 4] =
        _mm256_insertf128_ps(_mm256_castps128_ps256(high), _mm_loadu_ps(x + (k + 4) * xj + 4), 1);
  }
  for (int h = 0; h < 8; h += 4) {
    t[h] = _mm256_unpacklo_ps(r[h], r[h + 1]);
    t[h + 1] = _mm256_unpackhi_ps(r[h], r[h + 1]);
    t[h + 2] = _mm256_unpacklo_ps(r[h + 2], r[h + 3]);
    t[h + 3] = _mm256_unpackhi_ps(r[h + 2], r[h + 3]);
    _mm256_storeu_ps(y + h * yi, _mm256_shuffle_ps(t[h], t[h + 2], 0x44));
    _mm256_storeu_ps(y + (h + 1) * yi, _mm256_shuffle_ps(t[h], t[h + 2], 0xee));
    _mm256_storeu_ps(y + (h + 2) * yi, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0x44));
    _mm256_storeu_ps(y + (h + 3) * yi, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0xee));
  }
}
#endif

HONE_INLINE void transpose_plain(const float* x, int64_t xj, float* y, int64_t yi, int64_t i0,
                                 int64_t i1, int64_t j0, int64_t j1) {
  for (int64_t i = i0; i < i1; ++i) {
    for (int64_t j = j0; j < j1; ++j) y[i * yi + j] = x[i + j * xj];
  }
}

// The same for i < rows, j < columns.
HONE_INLINE void transpose(const float* x, int64_t xj, float* y, int64_t yi, int64_t rows,
                           int64_t columns) {
  int64_t i8 = rows & ~int64_t{7}, j8 = columns & ~int64_t{7};
  for (int64_t i = 0; i < i8; i += 8) {
    for (int64_t j = 0; j < j8; j += 8) transpose_8x8(x + i + j * xj, xj, y + i * yi + j, yi);
  }
  transpose_plain(x, xj, y, yi, 0, i8, j8, columns);
  transpose_plain(x, xj, y, yi, i8, rows, 0, columns);
}

}  // namespace hone::kernels::HONE_ISA
