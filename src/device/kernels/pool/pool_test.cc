// Every kernel of the family against plain loops in double precision.
#include "device/kernels/pool/pool.h"

#include <gtest/gtest.h>

#include <map>

#include "device/kernels/testing/kernel_test_util.h"
#include "device/kernels/testing/packed_hostile.h"
#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {
namespace {

struct PoolCase {
  int n = 1, h = 6, w = 6, c = 5, oh = 1, ow = 1;
  PoolAttrs attrs{};
  DType type = DType::f32;
  int x_gap = 0, y_gap = 0;

  std::string text() const {
    const PoolAttrs& a = attrs;
    char t[200];
    std::snprintf(t, sizeof t,
                  "%dx%dx%dx%d -> %dx%d, kind %d, global %d, kernel %dx%d, stride %d %d, "
                  "dilation %d %d, pads %d %d %d %d, include pad %d",
                  n, h, w, c, oh, ow, static_cast<int>(a.kind), a.global, a.kernel_h, a.kernel_w,
                  a.stride_h, a.stride_w, a.dilation_h, a.dilation_w, a.pad_t, a.pad_l, a.pad_b,
                  a.pad_r, a.count_include_pad);
    return t;
  }
};

TestStep make_step(Rng& rng, const PoolCase& k) {
  TestStep s;
  s.attrs = words(k.attrs);
  s.in.push_back(tensor(k.type, {k.n, k.h, k.w, k.c}, k.x_gap));
  for (int64_t i = 0; i < s.in[0].count(); ++i) {
    set(s.in[0], i, static_cast<double>(random_float(rng)));
  }
  s.out.push_back(tensor(k.type, {k.n, k.oh, k.ow, k.c}, k.y_gap));
  return s;
}

std::vector<double> reference(const PoolCase& k, const TestStep& s) {
  PoolAttrs a = k.attrs;
  if (a.global) {
    a = PoolAttrs{a.kind, 1, k.h, k.w, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  }
  std::vector<double> want;
  for (int64_t i = 0, count = s.out[0].count(); i < count; ++i) {
    int64_t c = i % k.c, ox = i / k.c % k.ow, oy = i / k.c / k.ow % k.oh;
    int64_t n = i / k.c / k.ow / k.oh;
    double sum = 0, largest = -INFINITY;
    int inside = 0, padded = 0;
    for (int ky = 0; ky < a.kernel_h; ++ky) {
      for (int kx = 0; kx < a.kernel_w; ++kx) {
        int64_t iy = oy * a.stride_h + int64_t{ky} * a.dilation_h - a.pad_t;
        int64_t ix = ox * a.stride_w + int64_t{kx} * a.dilation_w - a.pad_l;
        padded += iy < k.h + a.pad_b && ix < k.w + a.pad_r;
        if (iy < 0 || iy >= k.h || ix < 0 || ix >= k.w) continue;
        double x = get(s.in[0], ((n * k.h + iy) * k.w + ix) * k.c + c);
        sum += x, largest = std::fmax(largest, x), ++inside;
      }
    }
    int divisor = a.count_include_pad ? padded : inside;
    want.push_back(a.kind == Pool::max ? largest : sum / (divisor ? divisor : 1));
  }
  return want;
}

PoolCase random_case(Rng& rng) {
  static const int channels[] = {1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 65, 100, 131};
  for (;;) {
    PoolCase k;
    PoolAttrs& a = k.attrs;
    k.n = random_int(rng, 1, 2), k.h = random_int(rng, 1, 12), k.w = random_int(rng, 1, 12);
    k.c = channels[random_int(rng, 0, std::size(channels) - 1)];
    a.kind = static_cast<Pool>(random_int(rng, 0, 1));
    a.global = random_int(rng, 0, 4) == 0;
    a.kernel_h = random_int(rng, 1, 5), a.kernel_w = random_int(rng, 1, 5);
    a.stride_h = random_int(rng, 1, 3), a.stride_w = random_int(rng, 1, 3);
    a.dilation_h = random_int(rng, 0, 2) ? 1 : random_int(rng, 1, 3);
    a.dilation_w = random_int(rng, 0, 2) ? 1 : random_int(rng, 1, 3);
    a.pad_t = random_int(rng, 0, a.kernel_h - 1), a.pad_b = random_int(rng, 0, a.kernel_h - 1);
    a.pad_l = random_int(rng, 0, a.kernel_w - 1), a.pad_r = random_int(rng, 0, a.kernel_w - 1);
    a.count_include_pad = random_int(rng, 0, 1);
    if (random_int(rng, 0, 1)) k.x_gap = random_int(rng, 0, 9), k.y_gap = random_int(rng, 0, 9);
    if (a.global) return k;
    int room_h = k.h + a.pad_t + a.pad_b - (a.kernel_h - 1) * a.dilation_h - 1;
    int room_w = k.w + a.pad_l + a.pad_r - (a.kernel_w - 1) * a.dilation_w - 1;
    if (room_h < 0 || room_w < 0) continue;
    bool ceil = random_int(rng, 0, 1);
    k.oh = (room_h + (ceil ? a.stride_h - 1 : 0)) / a.stride_h + 1;
    k.ow = (room_w + (ceil ? a.stride_w - 1 : 0)) / a.stride_w + 1;
    return k;
  }
}

void check(Rng& rng, const PoolCase& k) {
  TestStep s = make_step(rng, k);
  std::vector<double> want = reference(k, s);
  for (const Kernel* kernel : kernels_of("pool")) {
    Outcome r = run_kernel(*kernel, s);
    const bool of_halves = std::string(kernel->name).find("16bit") != std::string::npos;
    ASSERT_EQ(r.refused == nullptr, of_halves == (k.type != DType::f32)) << k.text();
    if (r.refused) continue;
    EXPECT_EQ(r.problem, "") << k.text();
    const double round = k.type == DType::bf16 ? 0x1p-8 : k.type == DType::f16 ? 0x1p-11 : 0;
    for (size_t i = 0; i < want.size(); ++i) {
      // A mean's own error, and its one rounding.
      const double tolerance = k.attrs.kind == Pool::max ? 0 : 2e-6 + round * std::fabs(want[i]);
      const double got = get(s.out[0], static_cast<int64_t>(i));
      if (got == want[i] || std::fabs(got - want[i]) <= tolerance) continue;
      ADD_FAILURE() << kernel->name << ": " << k.text() << ": element " << i << " is " << got
                    << ", not " << want[i];
      break;
    }
  }
}

TEST(PoolKernels, GeneratedShapes) {
  Rng rng(21);
  for (int i = 0; i < 600 && !HasFailure(); ++i) check(rng, random_case(rng));
  for (int i = 0; i < 200 && !HasFailure(); ++i) {
    PoolCase k = random_case(rng);
    k.type = i % 2 ? DType::bf16 : DType::f16;
    check(rng, k);
  }
}

TEST(PoolKernels, ShapesOfRealModels) {
  Rng rng(22);
  PoolCase stem{.h = 56, .w = 56, .c = 64, .oh = 28, .ow = 28};
  stem.attrs = {Pool::max, 0, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0};
  check(rng, stem);
  PoolCase head{.h = 7, .w = 7, .c = 1280};
  head.attrs.kind = Pool::average, head.attrs.global = 1;
  check(rng, head);
}

TEST(PoolKernels, HostileStepsAreRefusedOrStayInBounds) {
  Rng rng(23);
  std::map<std::string, int> ran;
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    PoolCase k = random_case(rng);
    k.type = i % 3 == 0 ? DType::f32 : i % 3 == 1 ? DType::bf16 : DType::f16;
    TestStep base = make_step(rng, k);
    for (const Kernel* kernel : kernels_of("pool")) {
      HostileStep s = packed_step(*kernel, base);
      mutate(rng, &s);
      bool one_ran = false;
      EXPECT_EQ(bind_and_run(*kernel, s, rng, &one_ran), "");
      ran[kernel->name] += one_ran;
    }
  }
  for (const Kernel* k : kernels_of("pool")) EXPECT_GE(ran[k->name], 20) << k->name;
}

}  // namespace
}  // namespace hone::kernels::testing
