// Short runs of bytes, without a call for each: rows of pictures and tables are 16 to 1000 bytes.
#pragma once

#include <string.h>

#include "device/kernels/simd/avx512.h"

namespace hone::kernels::avx512 {

// y[0 .. n) = x[0 .. n), which do not overlap.
HONE_INLINE void move_bytes(uint8_t* y, const uint8_t* x, int64_t n) {
  if (n > 2048) {
    ::memcpy(y, x, static_cast<size_t>(n));
    return;
  }
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) _mm512_storeu_si512(y + i, _mm512_loadu_si512(x + i));
  if (i < n) {
    const __mmask64 rest = (__mmask64{1} << (n - i)) - 1;
    _mm512_mask_storeu_epi8(y + i, rest, _mm512_maskz_loadu_epi8(rest, x + i));
  }
}

}  // namespace hone::kernels::avx512
