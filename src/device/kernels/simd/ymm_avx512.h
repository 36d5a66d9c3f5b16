// The vocabulary of avx2.h on a CPU with AVX-512: vectors of 8 floats, 32 registers, masks of its
// own. For results whose columns are few or a multiple of 8 only, half a vector of 16 would be
// wasted.
#pragma once

#include "device/kernels/simd/avx2.h"

namespace hone::kernels::avx512_ymm {

using V = __m256;
constexpr int width = 8;
using Mask = __mmask8;

// The first n lanes, 0 <= n <= width.
HONE_INLINE Mask first_lanes(int64_t n) { return static_cast<Mask>((1u << n) - 1); }

HONE_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
HONE_INLINE V load(const float* p, Mask m) { return _mm256_maskz_loadu_ps(m, p); }
HONE_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
HONE_INLINE void store(float* p, V v, Mask m) { _mm256_mask_storeu_ps(p, m, v); }

using avx2::Factor;
using avx2::factor;

using avx2::abs;
using avx2::add;
using avx2::div;
using avx2::fma;
using avx2::if_equal;
using avx2::if_less;
using avx2::max;
using avx2::min;
using avx2::mul;
using avx2::round;
using avx2::scale;
using avx2::set1;
using avx2::sign_of;
using avx2::sub;
using avx2::with_sign;
using avx2::zero;

}  // namespace hone::kernels::avx512_ymm
