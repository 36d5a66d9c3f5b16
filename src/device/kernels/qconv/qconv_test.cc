// Every kernel of the family against plain loops over 64-bit integers, bit for bit: f32 results
// too, whose roundings are defined.
#include "device/kernels/qconv/qconv.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/qconv/testing/emulated_tiles.h"
#include "device/kernels/testing/packed_hostile.h"
#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {
namespace {

// And AMX's over emulated tiles.
std::vector<const Kernel*> all_of_qconv() {
  std::vector<const Kernel*> kernels = kernels_of("qconv");
  kernels.push_back(&qconv_8bit_32x32_emulated);
  return kernels;
}

struct QCase {
  int n = 1, h = 5, w = 6, c = 8, o = 8, groups = 1;
  int kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0, pb = 0, pr = 0;
  DType x_type = DType::u8, w_type = DType::i8, y_type = DType::u8;
  int x_zero = 128, y_zero = 3;
  bool bias = true, w_zero = true, by_filter = true, extreme = false;
  bool dynamic = false;  // x's scale and zero point are operands
  int wide = 0;
  int x_gap = 0, y_gap = 0;
  float scale = 0.01f;

  int oh() const { return (h + pt + pb - (kh - 1) * dh - 1) / sh + 1; }
  int ow() const { return (w + pl + pr - (kw - 1) * dw - 1) / sw + 1; }
  std::string text() const {
    char t[200];
    std::snprintf(t, sizeof t,
                  "%dx%dx%dx%d -> %d, groups %d, kernel %dx%d, %s x %s = %s, extreme %d%s", n, h, w,
                  c, o, groups, kh, kw, name(x_type), name(w_type), name(y_type), extreme,
                  dynamic ? ", dynamic" : "");
    return t;
  }
};

int lowest(DType t) { return t == DType::u8 ? 0 : -128; }

// Any byte; with `extreme` an end of the type.
Tensor bytes(Rng& rng, DType t, const Shape& shape, bool extreme, int gap = 0) {
  Tensor x = tensor(t, shape, gap);
  for (int64_t i = 0, n = x.count(); i < n; ++i) {
    set(x, i, lowest(t) + (extreme ? 255 * (random_int(rng, 0, 7) > 0) : random_int(rng, 0, 255)));
  }
  return x;
}

TestStep make_step(Rng& rng, const QCase& k) {
  QConvAttrs a{};
  a.out_channels = k.o, a.groups = k.groups, a.kernel_h = k.kh, a.kernel_w = k.kw;
  a.stride_h = k.sh, a.stride_w = k.sw, a.dilation_h = k.dh, a.dilation_w = k.dw;
  a.pad_t = k.pt, a.pad_l = k.pl, a.pad_b = k.pb, a.pad_r = k.pr;
  a.x_zero = k.dynamic ? 0 : k.x_zero, a.y_zero = k.y_zero, a.wide = k.wide;
  TestStep s;
  s.attrs = words(a);
  s.in.push_back(bytes(rng, k.x_type, {k.n, k.h, k.w, k.c}, k.extreme, k.x_gap));
  s.in.push_back(constant(bytes(rng, k.w_type, {k.o, k.kh, k.kw, k.c / k.groups}, k.extreme)));
  const bool floats = k.y_type == DType::f32;
  Tensor bias = tensor(floats ? DType::f32 : DType::i32, {k.o});
  Tensor scale = tensor(DType::f32, {k.by_filter ? k.o : 1});
  const int most = k.wide ? INT_MAX : 50000;
  if (floats) {
    fill<float>(bias, [&](int64_t) { return random_float(rng, -3, 3); });
  } else {
    fill<int32_t>(bias, [&](int64_t) { return random_int(rng, -most, most); });
  }
  fill<float>(scale, [&](int64_t) { return k.scale * random_float(rng, 0.1f, 1); });
  s.in.push_back(k.bias ? constant(bias) : Tensor{});
  s.in.push_back(constant(scale));
  s.in.push_back(k.w_zero ? constant(bytes(rng, k.w_type, {k.by_filter ? k.o : 1}, k.extreme))
                          : Tensor{});
  if (k.dynamic) {
    s.in.push_back(tensor(DType::u8, {1})), s.in.push_back(tensor(DType::f32, {1}));
    set(s.in[5], 0, k.x_zero), s.in[6].at<float>(0) = random_float(rng, 0.01f, 2);
  }
  s.out.push_back(tensor(k.y_type, {k.n, k.oh(), k.ow(), k.o}, k.y_gap));
  return s;
}

// The sum of output element (n, oy, ox, o), exactly.
int64_t sum_at(const QCase& k, const TestStep& s, int n, int oy, int ox, int o) {
  const int cg = k.c / k.groups, g = o / (k.o / k.groups);
  const int64_t zero = k.w_zero ? get_int(s.in[4], k.by_filter ? o : 0) : 0;
  int64_t sum = k.bias && k.y_type != DType::f32 ? get_int(s.in[2], o) : 0;
  for (int ky = 0; ky < k.kh; ++ky) {
    for (int kx = 0; kx < k.kw; ++kx) {
      const int y = oy * k.sh - k.pt + ky * k.dh, x = ox * k.sw - k.pl + kx * k.dw;
      if (y < 0 || y >= k.h || x < 0 || x >= k.w) continue;
      for (int c = 0; c < cg; ++c) {
        const int64_t xv = get_int(s.in[0], ((int64_t{n} * k.h + y) * k.w + x) * k.c + g * cg + c);
        const int64_t wv = get_int(s.in[1], ((int64_t{o} * k.kh + ky) * k.kw + kx) * cg + c);
        sum += (xv - k.x_zero) * (wv - zero);
      }
    }
  }
  return sum;
}

double result_of(const QCase& k, const TestStep& s, float sum, int o) {
  const float scale = s.in[3].at<float>(k.by_filter ? o : 0);
  if (k.dynamic) return static_cast<double>(sum * (s.in[6].at<float>(0) * scale));
  const float scaled = sum * scale;
  if (k.y_type == DType::f32) {
    return static_cast<double>(scaled + (k.bias ? s.in[2].at<float>(o) : 0));
  }
  const double lo = lowest(k.y_type), v = std::nearbyint(static_cast<double>(scaled)) + k.y_zero;
  return std::min(lo + 255, std::max(lo, v));
}

std::vector<double> reference(const QCase& k, const TestStep& s) {
  std::vector<double> want;
  for (int n = 0; n < k.n; ++n) {
    for (int oy = 0; oy < k.oh(); ++oy) {
      for (int ox = 0; ox < k.ow(); ++ox) {
        for (int o = 0; o < k.o; ++o) {
          want.push_back(result_of(k, s, static_cast<float>(sum_at(k, s, n, oy, ox, o)), o));
        }
      }
    }
  }
  return want;
}

// Kernels that took the case; each must give the reference's bits.
int check(const QCase& k, uint32_t seed) {
  int took = 0;
  for (const Kernel* kernel : all_of_qconv()) {
    Rng rng(seed);
    TestStep s = make_step(rng, k);
    const std::vector<double> want = reference(k, s);
    const Outcome r = run_kernel(*kernel, s);
    if (r.refused) continue;
    ++took;
    EXPECT_EQ(r.problem, "") << k.text();
    for (size_t i = 0; i < want.size(); ++i) {
      const double got = k.y_type == DType::f32
                             ? static_cast<double>(s.out[0].at<float>(static_cast<int64_t>(i)))
                             : static_cast<double>(get_int(s.out[0], static_cast<int64_t>(i)));
      if (got == want[i]) continue;
      ADD_FAILURE() << kernel->name << ", " << k.text() << ": element " << i << " is " << got
                    << ", not " << want[i];
      break;
    }
  }
  return took;
}

QCase random_case(Rng& rng) {
  QCase k;
  auto type = [&] { return random_int(rng, 0, 1) ? DType::u8 : DType::i8; };
  k.n = random_int(rng, 1, 2), k.h = random_int(rng, 1, 9), k.w = random_int(rng, 1, 9);
  const bool depthwise = random_int(rng, 0, 2) == 0;
  k.groups = depthwise ? random_int(rng, 1, 140) : std::max(1, random_int(rng, -3, 4));
  k.c = depthwise ? k.groups : k.groups * random_int(rng, 1, random_int(rng, 0, 1) ? 4 : 21);
  k.o = depthwise ? k.groups : k.groups * random_int(rng, 1, 70);
  k.kh = random_int(rng, 1, std::min(5, k.h)), k.kw = random_int(rng, 1, std::min(5, k.w));
  auto dilation = [&](int kernel, int size) {
    return kernel < 2 || random_int(rng, 0, 1) ? 1 : random_int(rng, 1, (size - 1) / (kernel - 1));
  };
  k.dh = dilation(k.kh, k.h), k.dw = dilation(k.kw, k.w);
  k.sh = random_int(rng, 1, 2), k.sw = random_int(rng, 1, 3);
  k.pt = random_int(rng, 0, 2), k.pl = random_int(rng, 0, 3);
  k.pb = random_int(rng, 0, 2), k.pr = random_int(rng, 0, 2);
  k.x_type = type(), k.w_type = type(), k.y_type = type();
  k.extreme = random_int(rng, 0, 2) == 0;
  const int ends[] = {0, 128, 255, 77};
  k.x_zero = lowest(k.x_type) + ends[random_int(rng, 0, 3)];
  k.y_zero = lowest(k.y_type) + random_int(rng, 0, 255);
  k.bias = random_int(rng, 0, 3) > 0, k.w_zero = random_int(rng, 0, 2) > 0;
  k.by_filter = random_int(rng, 0, 1) == 0;
  k.x_gap = random_int(rng, 0, 2), k.y_gap = random_int(rng, 0, 2);
  k.scale = k.extreme ? 0.0005f : 0.004f;
  k.wide = random_int(rng, 0, 4) == 0;
  if (k.wide) k.scale = 1e-7f;
  return k;
}

// The same with f32 results; every other one with an x that only a run knows.
QCase float_case(Rng& rng, bool dynamic) {
  QCase k = random_case(rng);
  k.y_type = DType::f32, k.y_zero = 0, k.wide = 0, k.dynamic = dynamic;
  if (dynamic) {
    if (k.x_type == DType::i8) k.x_type = DType::u8, k.x_zero += 128;
    k.bias = false;
  }
  return k;
}

TEST(QConv, FloatsAreTheExactSumScaled) {
  Rng rng(13);
  int took[2] = {};
  for (int i = 0; i < 250; ++i) {
    took[i % 2] += check(float_case(rng, i % 2 == 1), static_cast<uint32_t>(i));
  }
  EXPECT_GT(took[0], 400);
  EXPECT_GT(took[1], 250);
}

TEST(QConv, IsTheExactSumRoundedOnce) {
  Rng rng(11);
  int took = 0;
  for (int i = 0; i < 250; ++i) took += check(random_case(rng), static_cast<uint32_t>(i));
  EXPECT_GT(took, 250);
}

// Windows that AMX reads where they lie, whole or but for their edges: taps of whole tiles, rows
// of pixels that go on in the next one, and others.
TEST(QConv, WindowsInPlace) {
  Rng rng(14);
  int took = 0;
  for (int c : {64, 80, 128}) {
    for (int stride : {1, 2}) {
      for (int kernel : {1, 3}) {
        for (int w : {7, 16, 37}) {
          QCase k = random_case(rng);
          k.n = 1, k.h = 5, k.w = w, k.c = c, k.o = 18, k.kh = k.kw = kernel, k.dh = k.dw = 1;
          k.sh = k.sw = stride, k.pt = k.pl = k.pb = k.pr = kernel / 2;
          k.groups = c == 128 ? 2 : 1;
          took += check(k, static_cast<uint32_t>(c + w));
        }
      }
    }
  }
  EXPECT_GE(took, 36 * 3);
}

// Pixels of fewer channels than a vector has bytes, several of them in one.
TEST(QConv, DepthwiseOfFewChannels) {
  Rng rng(12);
  for (int i = 0; i < 90; ++i) {
    QCase k = random_case(rng);
    k.groups = k.c = k.o = 1 << i % 6;
    k.sw = 1, k.y_gap = 0, k.pr = 2, k.w = random_int(rng, k.w, 40);
    if (i % 3 == 0) k.y_type = DType::f32, k.y_zero = 0, k.wide = 0;
    EXPECT_GE(check(k, static_cast<uint32_t>(i)), 3) << k.text();
  }
}

// 33,000 products of 255 x 255 are 2.146e9, just below 2^31.
TEST(QConv, SumsNearTheEndOf32Bits) {
  QCase k;
  k.h = 1, k.w = 3, k.c = 33000, k.o = 3, k.extreme = true, k.bias = false, k.w_zero = false;
  k.x_zero = 0, k.w_type = DType::u8, k.by_filter = false, k.scale = 255.0f / 2147483648.0f;
  EXPECT_GE(check(k, 1), 1);
}

TEST(QConv, TiesGoToEven) {
  QCase k;
  k.h = 1, k.w = 16, k.c = 1, k.o = 1, k.by_filter = false, k.bias = false, k.w_zero = false;
  for (const Kernel* kernel : all_of_qconv()) {
    Rng rng(1);
    TestStep s = make_step(rng, k);
    for (int i = 0; i < 16; ++i) set(s.in[0], i, 128 + i - 8);
    set(s.in[1], 0, 1);
    s.in[3].at<float>(0) = 0.5f;
    ASSERT_EQ(run_kernel(*kernel, s).refused, nullptr);
    const int want[] = {-4, -4, -3, -2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 3, 4};
    for (int i = 0; i < 16; ++i) {
      EXPECT_EQ(get_int(s.out[0], i), std::max(0, want[i] + 3)) << kernel->name << " at " << i;
    }
  }
}

TEST(QConv, WideSumsAreLeftToTheKernelThatHoldsThem) {
  QCase k;
  k.wide = 2;
  for (const Kernel* kernel : all_of_qconv()) {
    Rng rng(1);
    const Outcome r = run_kernel(*kernel, make_step(rng, k));
    EXPECT_EQ(r.refused == nullptr, kernel->name == std::string("qconv_8bit_portable"))
        << kernel->name;
  }
}

TEST(QConv, HostileStepsAreRefusedOrSafe) {
  Rng rng(7);
  QCase window;
  window.kh = window.kw = 3, window.pt = window.pl = window.pb = window.pr = 1;
  QCase depthwise = window, grouped = window;
  depthwise.groups = depthwise.c, grouped.groups = 2, grouped.c = 6;
  QCase floats = depthwise, dynamic = window;
  floats.y_type = dynamic.y_type = DType::f32, floats.y_zero = dynamic.y_zero = 0;
  dynamic.dynamic = true, dynamic.bias = false;
  int ran_in_all = 0;
  for (const QCase& k : {QCase{}, window, depthwise, grouped, floats, dynamic}) {
    for (const Kernel* kernel : all_of_qconv()) {
      const HostileStep seed = packed_step(*kernel, make_step(rng, k));
      for (int i = 0; i < 700; ++i) {
        HostileStep s = seed;
        mutate(rng, &s);
        bool ran = false;
        ASSERT_EQ(bind_and_run(*kernel, s, rng, &ran), "") << k.text();
        ran_in_all += ran;
      }
    }
  }
  EXPECT_GT(ran_in_all, 300);
}

}  // namespace
}  // namespace hone::kernels::testing
