// 16 shuffles, one for each value of the upper four bits: of a byte with other ones the shuffle's
// index has its top bit set, which gives 0.
#include <immintrin.h>

#include "device/kernels/table/table_impl.h"

namespace hone::kernels::avx2 {
namespace {

struct Table {
  __m256i part[16];
};

static inline __m256i look_up(const Table& t, __m256i x) {
  const __m256i top = _mm256_set1_epi8(0x70);
  __m256i y = _mm256_setzero_si256();
  for (int k = 0; k < 16; ++k) {
    const __m256i other = _mm256_xor_si256(x, _mm256_set1_epi8(static_cast<char>(k << 4)));
    y = _mm256_or_si256(y, _mm256_shuffle_epi8(t.part[k], _mm256_adds_epu8(other, top)));
  }
  return y;
}

}  // namespace

void table_run(const RunArgs& args) {
  const uint8_t* bytes = static_cast<const uint8_t*>(args.in[1]);
  Table t;
  for (int k = 0; k < 16; ++k) {
    t.part[k] = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * k)));
  }
  table_runs(args, *static_cast<const TableParams*>(args.params),
             [&t, bytes](const uint8_t* x, uint8_t* y, int64_t n) {
               int64_t i = 0;
               for (; i + 32 <= n; i += 32) {
                 const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
                 _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), look_up(t, v));
               }
               for (; i < n; ++i) y[i] = bytes[x[i]];
             });
}

}  // namespace hone::kernels::avx2
