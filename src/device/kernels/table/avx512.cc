// 16 shuffles, one for each value of the upper four bits, merged by those bits' masks.
#include <immintrin.h>

#include "device/kernels/table/table_impl.h"

namespace hone::kernels::avx512 {
namespace {

struct Table {
  __m512i part[16];
};

static inline __m512i look_up(const Table& t, __m512i x) {
  const __m512i low = _mm512_and_si512(x, _mm512_set1_epi8(15));
  const __mmask64 bit4 = _mm512_test_epi8_mask(x, _mm512_set1_epi8(16));
  const __mmask64 bit5 = _mm512_test_epi8_mask(x, _mm512_set1_epi8(32));
  const __mmask64 bit6 = _mm512_test_epi8_mask(x, _mm512_set1_epi8(64));
  const __mmask64 bit7 = _mm512_movepi8_mask(x);
  __m512i v[8];
  for (int k = 0; k < 8; ++k) {
    v[k] = _mm512_shuffle_epi8(t.part[2 * k], low);
    v[k] = _mm512_mask_shuffle_epi8(v[k], bit4, t.part[2 * k + 1], low);
  }
  for (int k = 0; k < 4; ++k) v[k] = _mm512_mask_blend_epi8(bit5, v[2 * k], v[2 * k + 1]);
  for (int k = 0; k < 2; ++k) v[k] = _mm512_mask_blend_epi8(bit6, v[2 * k], v[2 * k + 1]);
  return _mm512_mask_blend_epi8(bit7, v[0], v[1]);
}

}  // namespace

void table_run(const RunArgs& args) {
  const uint8_t* bytes = static_cast<const uint8_t*>(args.in[1]);
  Table t;
  for (int k = 0; k < 16; ++k) {
    t.part[k] =
        _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * k)));
  }
  table_runs(args, *static_cast<const TableParams*>(args.params),
             [&t](const uint8_t* x, uint8_t* y, int64_t n) {
               int64_t i = 0;
               for (; i + 64 <= n; i += 64)
                 _mm512_storeu_si512(y + i, look_up(t, _mm512_loadu_si512(x + i)));
               if (i == n) return;
               const __mmask64 rest = (__mmask64{1} << (n - i)) - 1;
               _mm512_mask_storeu_epi8(y + i, rest,
                                       look_up(t, _mm512_maskz_loadu_epi8(rest, x + i)));
             });
}

}  // namespace hone::kernels::avx512
