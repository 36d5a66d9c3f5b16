// Short runs of bytes, without a call for each: rows of pictures and tables are 16 to 1000 bytes.
#pragma once

#include <string.h>

#include "device/kernels/simd/neon.h"

namespace hone::kernels::neon {

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
  } else if (n >= 16) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) vst1q_u8(y + i, vld1q_u8(x + i));
    const uint8x16_t last = vld1q_u8(x + n - 16);
    vst1q_u8(y + n - 16, last);
  } else if (n >= 8) {
    move_ends<uint64_t>(y, x, n);
  } else if (n >= 4) {
    move_ends<uint32_t>(y, x, n);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
  }
}

}  // namespace hone::kernels::neon
