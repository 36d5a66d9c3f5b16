// Short runs of bytes, without a call for each: rows of pictures and tables are 16 to 1000 bytes.
#pragma once

#include <string.h>

#include "device/kernels/simd/avx2.h"

namespace hone::kernels::avx2 {

template <class Word>
HONE_INLINE void move_ends(uint8_t* y, const uint8_t* x, int64_t n) {  // two words that may overlap
  Word a, b;
  ::memcpy(&a, x, sizeof a);
  ::memcpy(&b, x + n - static_cast<int64_t>(sizeof b), sizeof b);
  ::memcpy(y, &a, sizeof a);
  ::memcpy(y + n - static_cast<int64_t>(sizeof b), &b, sizeof b);
}

// y[0 .. n) = x[0 .. n), which do not overlap.
HONE_INLINE void move_bytes(uint8_t* y, const uint8_t* x, int64_t n) {
  if (n > 2048) {
    ::memcpy(y, x, static_cast<size_t>(n));
  } else if (n >= 32) {
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
      __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), v);
    }
    __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + n - 32));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + n - 32), v);
  } else if (n >= 16) {
    move_ends<__m128i>(y, x, n);
  } else if (n >= 8) {
    move_ends<uint64_t>(y, x, n);
  } else if (n >= 4) {
    move_ends<uint32_t>(y, x, n);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
  }
}

}  // namespace hone::kernels::avx2
