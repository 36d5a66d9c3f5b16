// The loops over V, width, fma, add, load of simd/*.h and Ints, opaque, dot of the including file.
#include "device/kernels/peak/peak.h"

namespace hone::kernels::HONE_ISA {

namespace {

// Enough independent sums to hide a latency of four or five on two ports, and few enough for 16
// registers.
constexpr int chains = 12;

}  // namespace

double peak_fma(int64_t rounds) {
  V sum[chains];
  for (V& s : sum) {
    s = zero();
    opaque(s);  // else the compiler would find all sums equal and keep one
  }
  const V a = set1(0.5f), b = set1(1.0f);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = fma(sum[i], a, b);  // tends to 2: no denormals
  }
  for (V& s : sum) opaque(s);
  return 2.0 * width * chains * static_cast<double>(rounds);
}

double peak_dot(int64_t rounds) {
  Ints sum[chains], a = ints(3);
  const Ints b = ints(5);
  for (Ints& s : sum) s = ints(0);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) {
      opaque(a);  // the product is not the one before
      sum[i] = dot(sum[i], a, b);
    }
  }
  for (Ints& s : sum) opaque(s);
  return 2.0 * products * chains * static_cast<double>(rounds);
}

float peak_read(const float* p, int64_t n) {
  constexpr int streams = 8;
  V sum[streams];
  for (V& s : sum) s = zero();
  for (int64_t i = 0; i < n; i += streams * width) {
#pragma GCC unroll 8
    for (int k = 0; k < streams; ++k) sum[k] = add(sum[k], load(p + i + k * width));
  }
  for (int k = 1; k < streams; ++k) sum[0] = add(sum[0], sum[k]);
  float lanes[width];
  store(lanes, sum[0]);
  float all = 0;
  for (const float lane : lanes) all += lane;
  return all;
}

}  // namespace hone::kernels::HONE_ISA
