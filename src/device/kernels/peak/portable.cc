// Plain C++, for the compiler to vectorise with what every CPU of the architecture has.
#include <cmath>

#include "device/kernels/peak/peak.h"

namespace hone::kernels::portable {

namespace {

constexpr int lanes = 32;  // eight vectors of 128 bits

template <class T>
void opaque(T* values) {
  asm volatile("" : : "r"(values) : "memory");
}

float multiply_add(float a, float b, float c) {
#ifdef __FP_FAST_FMAF
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace

double peak_fma(int64_t rounds) {
  float sum[lanes] = {};
  opaque(sum);  // else the compiler would find all sums equal and keep one
  for (int64_t r = 0; r < rounds; ++r) {
    for (float& s : sum) s = multiply_add(s, 0.5f, 1.0f);
  }
  opaque(sum);
  return 2.0 * lanes * static_cast<double>(rounds);
}

double peak_dot(int64_t rounds) {
  int32_t sum[lanes] = {};
  int16_t a[lanes], b[lanes];
  for (int i = 0; i < lanes; ++i) a[i] = static_cast<int16_t>(i), b[i] = 5;
  for (int64_t r = 0; r < rounds; ++r) {
    opaque(a);
    for (int i = 0; i < lanes; ++i) sum[i] += a[i] * b[i];
  }
  opaque(sum);
  return 2.0 * lanes * static_cast<double>(rounds);
}

float peak_read(const float* p, int64_t n) {
  float sum[lanes] = {};
  for (int64_t i = 0; i < n; i += lanes) {
    for (int k = 0; k < lanes; ++k) sum[k] += p[i + k];
  }
  float all = 0;
  for (const float s : sum) all += s;
  return all;
}

}  // namespace hone::kernels::portable
