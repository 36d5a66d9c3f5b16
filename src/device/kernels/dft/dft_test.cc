#include "device/kernels/dft/dft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, const Shape& y, int64_t axis, int64_t length,
                 DftAttrs a) {
  TestStep s;
  s.attrs = words(a);
  s.dims = {axis, length};
  s.in = {random_of(rng, t, x)};
  s.out = {tensor(t, y)};
  return s;
}

// The definition, sample by sample, of one line of a [size, parts] signal.
std::vector<std::complex<double>> expected(const Tensor& x, int64_t size, int64_t parts,
                                           int64_t length, DftAttrs a) {
  const bool whole = a.inverse && a.onesided;
  std::vector<std::complex<double>> line(static_cast<size_t>(length));
  for (int64_t k = 0; k < length; ++k) {
    const bool turned = whole && k > length / 2;
    const int64_t from = turned ? length - k : k;
    if (from >= size) continue;
    const std::complex<double> v(get(x, from * parts), parts == 2 ? get(x, from * 2 + 1) : 0);
    line[static_cast<size_t>(k)] = turned ? std::conj(v) : v;
  }
  std::vector<std::complex<double>> y;
  for (int64_t k = 0; k < length; ++k) {
    std::complex<double> sum = 0;
    for (int64_t n = 0; n < length; ++n) {
      const double angle =
          2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
      sum += line[static_cast<size_t>(n)] * std::polar(1.0, a.inverse ? angle : -angle);
    }
    y.push_back(a.inverse ? sum / static_cast<double>(length) : sum);
  }
  return y;
}

void check(DType t, int64_t size, int64_t parts, int64_t length, DftAttrs a, double tolerance) {
  Rng rng(static_cast<uint32_t>(size * 64 + length));
  const bool half = a.onesided && !a.inverse, whole = a.onesided && a.inverse;
  const int64_t bins = half ? length / 2 + 1 : length, width = whole ? 1 : 2;
  TestStep s = step_of(rng, t, {size, parts}, {bins, width}, 0, length, a);
  const auto want = expected(s.in[0], size, parts, length, a);
  ASSERT_EQ(run_kernel(*find_kernel("dft_any_portable"), s).refused, nullptr);
  for (int64_t k = 0; k < bins; ++k) {
    const std::complex<double> w = want[static_cast<size_t>(k)];
    ASSERT_NEAR(get(s.out[0], k * width), w.real(), tolerance) << size << " " << length;
    if (width == 2) {
      ASSERT_NEAR(get(s.out[0], k * 2 + 1), w.imag(), tolerance) << size << " " << length;
    }
  }
}

// Numbers of size 1: sums of n of them, rounded log n times (f32), or once (f64 underneath).
TEST(Dft, EveryLengthAndKind) {
  for (int64_t length = 1; length <= 40; ++length) {
    for (int64_t size : {length, length + 3, (length + 1) / 2}) {
      for (int kind = 0; kind < 4; ++kind) {
        const DftAttrs a{kind & 1, kind >> 1};
        for (int64_t parts : {1, 2}) {
          check(DType::f32, size, parts, length, a, 1e-5 * static_cast<double>(length));
          check(DType::f64, size, parts, length, a, 1e-13 * static_cast<double>(length));
        }
      }
    }
  }
}

TEST(Dft, LinesInTheMiddle) {
  Rng rng(2);
  TestStep s = step_of(rng, DType::f64, {2, 6, 3, 2}, {2, 6, 3, 2}, 1, 6, {0, 0});
  ASSERT_EQ(run_kernel(*find_kernel("dft_any_portable"), s).refused, nullptr);
  for (int64_t outer = 0; outer < 2; ++outer) {
    for (int64_t inner = 0; inner < 3; ++inner) {
      double sum = 0;  // bin 0
      for (int64_t k = 0; k < 6; ++k) sum += get(s.in[0], ((outer * 6 + k) * 3 + inner) * 2);
      ASSERT_NEAR(get(s.out[0], (outer * 18 + inner) * 2), sum, 1e-12);
    }
  }
}

TEST(Dft, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("dft",
                              {step_of(rng, DType::f32, {3, 4, 2}, {3, 4, 2}, 1, 4, {0, 0}),
                               step_of(rng, DType::f32, {2, 5, 3, 1}, {2, 3, 3, 2}, 1, 5, {0, 1}),
                               step_of(rng, DType::f16, {3, 2}, {7, 1}, 0, 7, {1, 1}),
                               step_of(rng, DType::bf16, {3, 2}, {30, 2}, 0, 30, {1, 0})},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
