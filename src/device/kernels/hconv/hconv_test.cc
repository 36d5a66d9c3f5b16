// Every kernel of the family against plain loops in f64 over the same halves: what may differ is
// the rounding of f32 sums, and one rounding of the result.
#include "device/kernels/hconv/hconv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "device/kernels/hconv/testing/emulated_tiles.h"
#include "device/kernels/testing/packed_hostile.h"
#include "device/kernels/testing/reference_act.h"
#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {
namespace {

// And AMX's over emulated tiles.
std::vector<const Kernel*> all_of_hconv() {
  std::vector<const Kernel*> kernels = kernels_of("hconv");
  kernels.push_back(&hconv_bf16_32x32_emulated);
  return kernels;
}

struct HCase {
  int n = 1, h = 5, w = 6, c = 8, o = 8, groups = 1;
  int kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0, pb = 0, pr = 0;
  DType type = DType::bf16, y_type = DType::bf16;
  bool bias = true, residual = false, after = false;
  Act act = Act::none;
  int x_gap = 0, y_gap = 0;

  int oh() const { return (h + pt + pb - (kh - 1) * dh - 1) / sh + 1; }
  int ow() const { return (w + pl + pr - (kw - 1) * dw - 1) / sw + 1; }
  std::string text() const {
    char t[200];
    std::snprintf(t, sizeof t, "%dx%dx%dx%d -> %d, groups %d, kernel %dx%d, %s to %s, %s%s", n, h,
                  w, c, o, groups, kh, kw, name(type), name(y_type), name(act),
                  residual ? ", residual" : "");
    return t;
  }
};

constexpr float act_a = 0.3f, act_b = 0.9f;

Tensor halves(Rng& rng, DType t, const Shape& shape, int gap = 0) {
  Tensor x = tensor(t, shape, gap);
  for (int64_t i = 0; i < x.count(); ++i) set(x, i, static_cast<double>(random_float(rng, -2, 2)));
  return x;
}

TestStep make_step(Rng& rng, const HCase& k) {
  HConvAttrs a{};
  a.out_channels = k.o, a.groups = k.groups, a.kernel_h = k.kh;
  a.kernel_w = k.kw, a.stride_h = k.sh, a.stride_w = k.sw;
  a.dilation_h = k.dh, a.dilation_w = k.dw;
  a.pad_t = k.pt, a.pad_l = k.pl, a.pad_b = k.pb, a.pad_r = k.pr;
  a.act = k.act, a.act_a = act_a, a.act_b = act_b;
  a.residual_after_act = k.after, a.type = static_cast<int32_t>(k.type);
  TestStep s;
  s.attrs = words(a);
  const Shape y{k.n, k.oh(), k.ow(), k.o};
  s.in.push_back(halves(rng, k.type, {k.n, k.h, k.w, k.c}, k.x_gap));
  s.in.push_back(constant(halves(rng, k.type, {k.o, k.kh, k.kw, k.c / k.groups})));
  s.in.push_back(k.bias ? constant(halves(rng, DType::f32, {k.o})) : Tensor{});
  s.in.push_back(k.residual ? halves(rng, k.y_type, y, k.y_gap) : Tensor{});
  s.out.push_back(tensor(k.y_type, y, k.y_gap));
  return s;
}

// What an f32 sum may be off by, and what a rounding to `t` adds to a value of size 1.
double unit_roundoff(DType t) { return t == DType::bf16 ? 0x1p-8 : t == DType::f16 ? 0x1p-11 : 0; }

struct Sum {
  double value = 0, sizes = 0;  // and of the |products|
};

Sum sum_at(const HCase& k, const TestStep& s, int n, int oy, int ox, int o) {
  const int cg = k.c / k.groups, g = o / (k.o / k.groups);
  Sum sum;
  if (k.bias) sum.value = get(s.in[2], o), sum.sizes = std::abs(sum.value);
  for (int ky = 0; ky < k.kh; ++ky) {
    for (int kx = 0; kx < k.kw; ++kx) {
      const int y = oy * k.sh - k.pt + ky * k.dh, x = ox * k.sw - k.pl + kx * k.dw;
      if (y < 0 || y >= k.h || x < 0 || x >= k.w) continue;
      for (int c = 0; c < cg; ++c) {
        const double v = get(s.in[0], ((int64_t{n} * k.h + y) * k.w + x) * k.c + g * cg + c) *
                         get(s.in[1], ((int64_t{o} * k.kh + ky) * k.kw + kx) * cg + c);
        sum.value += v, sum.sizes += std::abs(v);
      }
    }
  }
  return sum;
}

struct Wanted {
  std::vector<double> values, tolerances;
};

Wanted reference(const HCase& k, const TestStep& s) {
  Wanted want;
  const double depth = k.kh * k.kw * (k.c / k.groups) + 4;
  for (int64_t i = 0; i < s.out[0].count(); ++i) {
    const int64_t pixel = i / k.o;
    const int ox = static_cast<int>(pixel % k.ow()), oy = static_cast<int>(pixel / k.ow() % k.oh());
    const int n = static_cast<int>(pixel / k.ow() / k.oh());
    Sum sum = sum_at(k, s, n, oy, ox, static_cast<int>(i % k.o));
    const double r = k.residual ? get(s.in[3], i) : 0;
    if (!k.after) sum.value += r, sum.sizes += std::abs(r);
    double v = reference_act(k.act, sum.value, act_a, act_b);
    if (k.after) v += r;
    // Each of the sum's roundings; activations are within 2e-6 and no steeper than 1.1.
    const double error = 1.1 * depth * 0x1p-24 * sum.sizes + 2e-6 * (std::abs(v) + 1);
    want.values.push_back(v);
    // The smallest f16 step is 2^-24.
    want.tolerances.push_back(error + unit_roundoff(k.y_type) * (std::abs(v) + error) + 0x1p-25);
  }
  return want;
}

// Kernels that took the case.
int check(const HCase& k, uint32_t seed) {
  int took = 0;
  for (const Kernel* kernel : all_of_hconv()) {
    Rng rng(seed);
    TestStep s = make_step(rng, k);
    const Wanted want = reference(k, s);
    const Outcome r = run_kernel(*kernel, s);
    if (r.refused) continue;
    ++took;
    EXPECT_EQ(r.problem, "") << k.text();
    // Winograd's sums are of all 36 pixels of a tile, of numbers up to 2, whatever the window has.
    const bool tiles = std::strstr(kernel->name, "winograd") != nullptr;
    const double of_tile = tiles ? 36 * 4 * k.c * 0x1p-24 : 0;
    for (size_t i = 0; i < want.values.size(); ++i) {
      const double got = get(s.out[0], static_cast<int64_t>(i));
      if (std::abs(got - want.values[i]) <= want.tolerances[i] + of_tile) continue;
      ADD_FAILURE() << kernel->name << ", " << k.text() << ": element " << i << " is " << got
                    << ", not " << want.values[i] << " +- " << want.tolerances[i];
      break;
    }
  }
  return took;
}

HCase random_case(Rng& rng) {
  HCase k;
  k.type = random_int(rng, 0, 1) ? DType::bf16 : DType::f16;
  k.y_type = random_int(rng, 0, 2) ? k.type : DType::f32;
  k.n = random_int(rng, 1, 2), k.h = random_int(rng, 1, 9), k.w = random_int(rng, 1, 9);
  const bool depthwise = random_int(rng, 0, 2) == 0;
  k.groups = depthwise ? random_int(rng, 1, 50) : std::max(1, random_int(rng, -3, 4));
  k.c = depthwise ? k.groups : k.groups * random_int(rng, 1, random_int(rng, 0, 1) ? 4 : 37);
  k.o = depthwise ? k.groups : k.groups * random_int(rng, 1, 70);
  const int most[] = {1, 3, 5};
  k.kh = random_int(rng, 1, std::min(most[random_int(rng, 0, 2)], k.h));
  k.kw = random_int(rng, 0, 2) ? std::min(k.kh, k.w) : random_int(rng, 1, std::min(5, k.w));
  auto dilation = [&](int kernel, int size) {
    return kernel < 2 || random_int(rng, 0, 1) ? 1 : random_int(rng, 1, (size - 1) / (kernel - 1));
  };
  k.dh = dilation(k.kh, k.h), k.dw = dilation(k.kw, k.w);
  k.sh = random_int(rng, 1, 2), k.sw = random_int(rng, 1, 3);
  k.pt = random_int(rng, 0, 2), k.pl = random_int(rng, 0, 3);
  k.pb = random_int(rng, 0, 2), k.pr = random_int(rng, 0, 2);
  k.bias = random_int(rng, 0, 3) > 0, k.residual = random_int(rng, 0, 1) == 0;
  k.after = random_int(rng, 0, 1) == 0;
  k.act = static_cast<Act>(random_int(rng, 0, 1) ? random_int(rng, 0, act_count - 1) : 0);
  k.x_gap = random_int(rng, 0, 2), k.y_gap = random_int(rng, 0, 2);
  return k;
}

TEST(HConv, IsTheExactSumRoundedOnce) {
  Rng rng(21);
  int took = 0;
  for (int i = 0; i < 250; ++i) took += check(random_case(rng), static_cast<uint32_t>(i));
  EXPECT_GE(took, 500);
}

// As in transformers and classifiers: one row by many columns, odd depths, several units of work.
TEST(HConv, Products) {
  for (int m : {1, 2, 13, 40}) {
    for (int k : {1, 2, 63, 300}) {
      for (DType t : {DType::bf16, DType::f16}) {
        HCase c;
        c.h = 1, c.w = m, c.c = k, c.o = 100, c.type = t, c.y_type = DType::f32;
        EXPECT_GE(check(c, 5), 2) << c.text();
      }
    }
  }
}

// Windows that AMX reads where they lie, whole or but for their edges: taps of whole tiles, rows
// of pixels that go on in the next one, and others.
TEST(HConv, WindowsInPlace) {
  int took = 0;
  for (int c : {32, 40, 64, 100}) {
    for (int stride : {1, 2}) {
      for (int kernel : {1, 3}) {
        for (int w : {7, 16, 37}) {
          HCase k;
          k.h = 6, k.w = w, k.c = c, k.o = 18, k.kh = k.kw = kernel;
          k.sh = k.sw = stride, k.pt = k.pl = k.pb = k.pr = kernel / 2;
          k.x_gap = w == 16 ? 3 : 0, k.groups = c == 64 ? 2 : 1, k.residual = true;
          took += check(k, static_cast<uint32_t>(c + w));
        }
      }
    }
  }
  EXPECT_GE(took, 48 * 3);
}

HCase winograd_form(HCase k) {
  k.kh = k.kw = 3, k.sh = k.sw = k.dh = k.dw = k.groups = 1, k.y_type = k.type;
  k.h = std::max(k.h, 3), k.w = std::max(k.w, 3);
  return k;
}

// Tiles of outputs that reach over the edges, channels that are no whole vectors, several panels.
TEST(HConv, ThreeByThree) {
  Rng rng(8);
  int took = 0;
  for (int i = 0; i < 60; ++i) {
    took += check(winograd_form(random_case(rng)), static_cast<uint32_t>(i));
  }
  EXPECT_GE(took, 60 * 4);
}

TEST(HConv, EveryActivation) {
  for (int act = 0; act < act_count; ++act) {
    HCase k;
    k.act = static_cast<Act>(act), k.o = 37, k.residual = true, k.type = DType::f16;
    for (DType y : {DType::f16, DType::f32}) {
      k.y_type = y;
      EXPECT_GE(check(k, 3), 2);
      HCase depthwise = k;
      depthwise.c = depthwise.groups = k.o;
      EXPECT_GE(check(depthwise, 4), 1);
    }
  }
}

// A product by 1 is x itself, for every one of the 65,536: NaN stays NaN, infinities and the
// smallest steps stay what they are; but products of pairs of bf16 take subnormals as 0.
TEST(HConv, EveryHalfKeepsItsBits) {
  for (DType t : {DType::bf16, DType::f16}) {
    HCase k;
    k.h = 256, k.w = 256, k.c = k.o = 1, k.bias = false, k.type = k.y_type = t;
    for (const Kernel* kernel : all_of_hconv()) {
      Rng rng(1);
      TestStep s = make_step(rng, k);
      fill<uint16_t>(s.in[0], [](int64_t i) { return static_cast<uint16_t>(i); });
      set(s.in[1], 0, 1);
      const Outcome r = run_kernel(*kernel, s);
      if (r.refused) continue;
      ASSERT_EQ(r.problem, "");
      const bool pairs = kernel->isa == Isa::avx512_bf16 || kernel->isa == Isa::amx ||
                         kernel == &hconv_bf16_32x32_emulated;
      for (int64_t i = 0; i < s.in[0].count(); ++i) {
        const double x = get(s.in[0], i), got = get(s.out[0], i);
        const double want = pairs && std::abs(x) < 0x1p-126 ? 0 : x;
        ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : want == got) << kernel->name << " " << i;
      }
    }
  }
}

// What lies beside a row in memory must not reach its sums, not even times 0.
TEST(HConv, OddDepthsDoNotTouchTheirNeighbours) {
  HCase k;
  k.c = 3, k.o = 5, k.x_gap = 1;  // the gap is NaN
  EXPECT_GE(check(k, 1), 2);
  k.kw = 3, k.pl = 1, k.x_gap = 0;
  for (const Kernel* kernel : all_of_hconv()) {
    Rng rng(1);
    TestStep s = make_step(rng, k);
    for (int c = 0; c < k.c; ++c) set(s.in[0], (4 * 6 + 5) * 3 + c, INFINITY);  // the last pixel
    if (run_kernel(*kernel, s).refused) continue;
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      const bool sees = i / k.o >= (4 * k.ow() + k.ow() - 1);
      EXPECT_TRUE(sees || std::isfinite(get(s.out[0], i))) << kernel->name << " " << i;
    }
  }
}

TEST(HConv, HostileStepsAreRefusedOrSafe) {
  Rng rng(7);
  std::map<std::string, int> ran;
  for (int i = 0; i < 1500; ++i) {
    HCase k = random_case(rng);
    k.h = std::min(k.h, k.kh + 2), k.w = std::min(k.w, k.kw + 2), k.dh = k.dw = 1;
    if (i % 2 == 0) k = winograd_form(k);
    const TestStep base = make_step(rng, k);
    for (const Kernel* kernel : all_of_hconv()) {
      HostileStep s = packed_step(*kernel, base);
      mutate(rng, &s);
      bool one_ran = false;
      ASSERT_EQ(bind_and_run(*kernel, s, rng, &one_ran), "") << k.text();
      ran[kernel->name] += one_ran;
    }
  }
  for (const Kernel* k : all_of_hconv()) EXPECT_GE(ran[k->name], 20) << k->name;
}

}  // namespace
}  // namespace hone::kernels::testing
