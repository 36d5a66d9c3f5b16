// Every kernel of the family against plain loops in double precision.
#include "device/kernels/conv/conv.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>

#include "device/kernels/testing/kernel_test_util.h"
#include "device/kernels/testing/packed_hostile.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels::testing {
namespace {

struct ConvCase {
  int n = 1, h = 8, w = 8, c = 8, o = 8, groups = 1;
  int kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1;
  int pt = 0, pl = 0, pb = 0, pr = 0;
  Act act = Act::none;
  float a = 0, b = 0;
  bool bias = true;
  int residual = 0;  // 1: before the activation, 2: after it
  bool in_place = false;
  int x_gap = 0, y_gap = 0, r_gap = 0;

  int oh() const { return (h + pt + pb - (kh - 1) * dh - 1) / sh + 1; }
  int ow() const { return (w + pl + pr - (kw - 1) * dw - 1) / sw + 1; }
  bool valid() const {
    return h + pt + pb >= (kh - 1) * dh + 1 && w + pl + pr >= (kw - 1) * dw + 1;
  }
  // What Winograd's kernels take.
  bool is_winograd() const {
    return kh == 3 && kw == 3 && sh == 1 && sw == 1 && dh == 1 && dw == 1 && groups == 1;
  }
  std::string text() const {
    char t[200];
    std::snprintf(t, sizeof t,
                  "%dx%dx%dx%d -> %d, groups %d, kernel %dx%d, stride %d %d, dilation %d %d, "
                  "pads %d %d %d %d, act %s, residual %d, bias %d, gaps %d %d %d",
                  n, h, w, c, o, groups, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, name(act),
                  residual, bias, x_gap, y_gap, r_gap);
    return t;
  }
};

struct Reference {
  std::vector<double> value, tolerance;
  // Winograd's kernels add and take away pixels of a whole tile, so rounding is a share of those.
  std::vector<double> tile_tolerance;

  const std::vector<double>& tolerance_of(const Kernel& k) const {
    const bool tiles = std::strstr(k.name, "winograd") != nullptr;
    return tiles ? tile_tolerance : tolerance;
  }
};

// |x| |w| over the pixels that each tile of 4 x 4 outputs is made from, by tile and filter.
class TileMagnitudes {
 public:
  TileMagnitudes(const ConvCase& k, const TestStep& s)
      : k_(k), across_((k.ow() + 3) / 4), down_((k.oh() + 3) / 4) {
    const std::vector<double> most = largest_taps(s);
    for (int64_t tile = 0; tile < k.n * down_ * across_; ++tile) {
      const std::vector<double> x = pixels(s, tile);
      for (int o = 0; o < k.o; ++o) {
        double sum = 0;
        for (int c = 0; c < k.c; ++c) sum += x[c] * most[o * k.c + c];
        all_.push_back(sum);
      }
    }
  }
  double at(int64_t n, int64_t oy, int64_t ox, int64_t o) const {
    return all_[((n * down_ + oy / 4) * across_ + ox / 4) * k_.o + o];
  }

 private:
  std::vector<double> largest_taps(const TestStep& s) const {
    std::vector<double> most(k_.o * k_.c, 0);
    for (int64_t i = 0; i < int64_t{k_.o} * 9 * k_.c; ++i) {
      double& m = most[i / (9 * k_.c) * k_.c + i % k_.c];
      m = std::fmax(m, std::fabs(s.in[1].at<float>(i)));
    }
    return most;
  }
  std::vector<double> pixels(const TestStep& s, int64_t tile) const {
    std::vector<double> sums(k_.c, 0);
    const int64_t n = tile / across_ / down_;
    const int64_t y = tile / across_ % down_ * 4 - k_.pt, x = tile % across_ * 4 - k_.pl;
    for (int64_t iy = y; iy < y + 6; ++iy) {
      for (int64_t ix = x; ix < x + 6; ++ix) {
        if (iy < 0 || iy >= k_.h || ix < 0 || ix >= k_.w) continue;
        const int64_t pixel = ((n * k_.h + iy) * k_.w + ix) * k_.c;
        for (int c = 0; c < k_.c; ++c) sums[c] += std::fabs(s.in[0].at<float>(pixel + c));
      }
    }
    return sums;
  }

  const ConvCase& k_;
  int64_t across_, down_;
  std::vector<double> all_;
};

TestStep make_step(Rng& rng, const ConvCase& k) {
  ConvAttrs a{};
  a.out_channels = k.o, a.groups = k.groups, a.kernel_h = k.kh, a.kernel_w = k.kw;
  a.stride_h = k.sh, a.stride_w = k.sw, a.dilation_h = k.dh, a.dilation_w = k.dw;
  a.pad_t = k.pt, a.pad_l = k.pl, a.pad_b = k.pb, a.pad_r = k.pr;
  a.act = k.act, a.act_a = k.a, a.act_b = k.b, a.residual_after_act = k.residual == 2;
  TestStep s;
  s.attrs = words(a);
  Shape y{k.n, k.oh(), k.ow(), k.o};
  s.in.push_back(random_tensor(rng, {k.n, k.h, k.w, k.c}, k.x_gap));
  s.in.push_back(constant(random_tensor(rng, {k.o, k.kh, k.kw, k.c / k.groups})));
  s.in.push_back(k.bias ? constant(random_tensor(rng, {k.o})) : Tensor{});
  s.in.push_back(k.residual ? random_tensor(rng, y, k.r_gap) : Tensor{});
  s.out.push_back(k.in_place && k.residual ? s.in[3] : tensor(DType::f32, y, k.y_gap));
  return s;
}

Reference reference(const ConvCase& k, const TestStep& s) {
  Reference r;
  int cg = k.c / k.groups, og = k.o / k.groups;
  std::optional<TileMagnitudes> tiles;
  if (k.is_winograd()) tiles.emplace(k, s);
  for (int64_t i = 0, count = s.out[0].count(); i < count; ++i) {
    int64_t o = i % k.o, ox = i / k.o % k.ow(), oy = i / k.o / k.ow() % k.oh();
    int64_t n = i / k.o / k.ow() / k.oh();
    double sum = k.bias ? s.in[2].at<float>(o) : 0, magnitude = std::fabs(sum);
    for (int ky = 0; ky < k.kh; ++ky) {
      for (int kx = 0; kx < k.kw; ++kx) {
        int64_t iy = oy * k.sh + ky * k.dh - k.pt, ix = ox * k.sw + kx * k.dw - k.pl;
        if (iy < 0 || iy >= k.h || ix < 0 || ix >= k.w) continue;
        const float* x = &s.in[0].at<float>(((n * k.h + iy) * k.w + ix) * k.c + o / og * cg);
        const float* w = &s.in[1].at<float>(((o * k.kh + ky) * k.kw + kx) * cg);
        for (int c = 0; c < cg; ++c) {
          sum += double{x[c]} * w[c];
          magnitude += std::fabs(double{x[c]} * w[c]);
        }
      }
    }
    double residual = k.residual ? s.in[3].at<float>(i) : 0;
    if (k.residual == 1) sum += residual;
    double y = reference_act(k.act, sum, k.a, k.b) + (k.residual == 2 ? residual : 0);
    r.value.push_back(y);
    // Rounding of a sum of that many terms, times the steepest slope of an activation here.
    double terms = 8 + 0.1 * k.kh * k.kw * cg;
    double rounding = 2 * terms * 6e-8 * (magnitude + std::fabs(residual));
    r.tolerance.push_back(rounding + 2e-6 * std::fabs(y));
    if (!tiles) continue;
    const double tile = tiles->at(n, oy, ox, o) + std::fabs(residual);
    r.tile_tolerance.push_back(2 * terms * 6e-8 * tile + r.tolerance.back());
  }
  return r;
}

std::map<std::string, int>& accepted() {
  static std::map<std::string, int> counts;
  return counts;
}

void check(Rng& rng, const ConvCase& k) {
  ASSERT_TRUE(k.valid()) << k.text();
  TestStep s = make_step(rng, k);
  Reference want = reference(k, s);
  for (const Kernel* kernel : kernels_of("conv")) {
    // An output that is the residual is overwritten: each kernel starts from the same bytes.
    internal::Bytes before = internal::bytes_of(s.out[0]);
    Outcome r = run_kernel(*kernel, s);
    if (!r.refused) {
      ++accepted()[kernel->name];
      EXPECT_EQ(r.problem, "") << k.text();
      const std::vector<double>& tolerance = want.tolerance_of(*kernel);
      EXPECT_EQ(differs(s.out[0], want.value, [&](size_t i) { return tolerance[i]; }), "")
          << kernel->name << ": " << k.text();
    } else {
      EXPECT_STRNE(kernel->name, "conv_f32_portable") << r.refused << ": " << k.text();
    }
    if (!before.empty()) std::memcpy(s.out[0].data<void>(), before.data(), before.size());
  }
}

ConvCase random_case(Rng& rng) {
  static const int channels[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 24, 31, 32, 33, 40, 48, 64, 70};
  auto channel = [&] { return channels[random_int(rng, 0, std::size(channels) - 1)]; };
  ConvCase k;
  for (;;) {
    k = ConvCase{};
    k.n = random_int(rng, 1, 5) == 1 ? 2 : 1;
    k.h = random_int(rng, 1, 13), k.w = random_int(rng, 1, 17);
    k.c = channel(), k.o = channel();
    int kind = random_int(rng, 0, 5);
    if (kind == 0 || kind == 1) k.o = k.groups = k.c;  // depthwise
    if (kind == 2) {                                   // grouped
      k.groups = random_int(rng, 2, 4);
      k.c = k.groups * random_int(rng, 1, 9), k.o = k.groups * random_int(rng, 1, 19);
    }
    if (kind == 4) {  // of groups that a vector holds some of
      k.groups = random_int(rng, 2, 9);
      const int together = random_int(rng, 0, 4);
      k.o = k.groups << together, k.c = k.groups << random_int(rng, 0, together);
    }
    // What kernels of groups take, and Winograd's.
    const bool is_3x3 = (kind == 3 || kind == 4) && random_int(rng, 0, 2) != 0;
    if (is_3x3) {
      k.kh = k.kw = 3;
      k.pt = random_int(rng, 0, 2), k.pb = random_int(rng, 0, 2);
      k.pl = random_int(rng, 0, 2), k.pr = random_int(rng, 0, 2);
    }
    if (kind != 3 && !is_3x3) {
      static const int sizes[] = {1, 2, 3, 3, 3, 5, 5, 7};
      k.kh = sizes[random_int(rng, 0, 7)];
      k.kw = random_int(rng, 0, 2) ? k.kh : sizes[random_int(rng, 0, 7)];
      k.pt = random_int(rng, 0, k.kh - 1), k.pb = random_int(rng, 0, k.kh - 1);
      k.pl = random_int(rng, 0, k.kw - 1), k.pr = random_int(rng, 0, k.kw - 1);
      if (random_int(rng, 0, 3) == 0) k.dh = random_int(rng, 1, 3), k.dw = random_int(rng, 1, 3);
    }
    k.sh = random_int(rng, 0, 2) ? 1 : random_int(rng, 1, 3);
    k.sw = random_int(rng, 0, 2) ? k.sh : random_int(rng, 1, 3);
    k.bias = random_int(rng, 0, 3) != 0;
    k.residual = random_int(rng, 0, 2), k.in_place = random_int(rng, 0, 1);
    if (random_int(rng, 0, 1)) k.x_gap = random_int(rng, 0, 9);
    if (random_int(rng, 0, 1)) k.y_gap = random_int(rng, 0, 9);
    if (random_int(rng, 0, 1)) k.r_gap = random_int(rng, 0, 9);
    k.act = static_cast<Act>(random_int(rng, 0, act_count - 1));
    k.a = k.act == Act::clip ? 0.0f : random_float(rng, 0.1f, 1.2f);
    k.b = random_float(rng, 0.3f, 6);
    if (k.valid()) return k;
  }
}

TEST(ConvKernels, GeneratedShapes) {
  Rng rng(20240611);
  for (int i = 0; i < 700 && !HasFailure(); ++i) check(rng, random_case(rng));
  for (const Kernel* k : kernels_of("conv")) {
    EXPECT_GE(accepted()[k->name], 20) << k->name << " was hardly tested";
  }
}

TEST(ConvKernels, EveryActivationOnEveryPath) {
  Rng rng(3);
  for (int act = 0; act < act_count && !HasFailure(); ++act) {
    for (int residual = 0; residual <= 2; ++residual) {
      ConvCase k{.h = 5,
                 .w = 9,
                 .c = 19,
                 .o = 37,
                 .act = static_cast<Act>(act),
                 .a = 0.4f,
                 .b = 0.6f,
                 .residual = residual};
      check(rng, k);
      k.kh = k.kw = 3, k.pt = k.pl = k.pb = k.pr = 1;
      check(rng, k);
      k.o = k.groups = k.c;
      check(rng, k);
    }
  }
}

TEST(ConvKernels, ShapesOfRealModels) {
  Rng rng(4);
  const ConvCase cases[] = {
      {.h = 57,
       .w = 57,
       .c = 3,
       .o = 64,
       .kh = 7,
       .kw = 7,
       .sh = 2,
       .sw = 2,
       .pt = 3,
       .pl = 3,
       .pb = 3,
       .pr = 3,
       .act = Act::relu},
      {.h = 28,
       .w = 28,
       .c = 1,
       .o = 16,
       .kh = 3,
       .kw = 3,
       .pt = 1,
       .pl = 1,
       .pb = 1,
       .pr = 1,
       .act = Act::hard_swish},
      {.h = 14, .w = 14, .c = 256, .o = 100, .act = Act::relu, .residual = 1},
      {.h = 30,
       .w = 27,
       .c = 64,
       .o = 140,
       .kh = 3,
       .kw = 3,
       .pt = 1,
       .pl = 1,
       .pb = 1,
       .pr = 1,
       .act = Act::relu,
       .residual = 1},
      {.h = 7, .w = 7, .c = 512, .o = 70, .kh = 3, .kw = 3, .pt = 1, .pl = 1, .pb = 1, .pr = 1},
      {.h = 30,
       .w = 31,
       .c = 96,
       .o = 96,
       .groups = 96,
       .kh = 3,
       .kw = 3,
       .pt = 1,
       .pl = 1,
       .pb = 1,
       .pr = 1,
       .act = Act::clip,
       .a = 0,
       .b = 6},
      {.h = 29,
       .w = 30,
       .c = 72,
       .o = 72,
       .groups = 72,
       .kh = 5,
       .kw = 5,
       .sh = 2,
       .sw = 2,
       .pt = 2,
       .pl = 2,
       .pb = 2,
       .pr = 2,
       .act = Act::silu,
       .a = 1},
      {.h = 1, .w = 400, .c = 1, .o = 258, .kh = 1, .kw = 256, .sh = 1, .sw = 64, .bias = false},
      {.h = 12, .w = 12, .c = 64, .o = 128, .groups = 64, .kh = 3, .kw = 3},
      {.h = 15,
       .w = 30,
       .c = 72,
       .o = 72,
       .groups = 9,
       .kh = 3,
       .kw = 3,
       .sh = 2,
       .sw = 2,
       .pt = 1,
       .pl = 1,
       .pb = 1,
       .pr = 1,
       .act = Act::relu},
      {.h = 16,
       .w = 22,
       .c = 20,
       .o = 40,
       .groups = 20,
       .kh = 7,
       .kw = 7,
       .sh = 2,
       .sw = 2,
       .pt = 3,
       .pl = 3,
       .pb = 3,
       .pr = 3},
  };
  for (const ConvCase& k : cases) check(rng, k);
}

TEST(ConvKernels, BiasThatIsNotConstant) {
  Rng rng(5);
  ConvCase k{.h = 5, .w = 5, .c = 6, .o = 9, .kh = 3, .kw = 3};
  TestStep s = make_step(rng, k);
  s.in[2].op.constant = false;
  Reference want = reference(k, s);
  int ran = 0;
  for (const Kernel* kernel : kernels_of("conv")) {
    Outcome r = run_kernel(*kernel, s);
    if (r.refused) continue;
    ++ran;
    EXPECT_EQ(r.problem, "");
    EXPECT_EQ(differs(s.out[0], want.value, [&](size_t i) { return want.tolerance[i]; }), "");
  }
  EXPECT_GE(ran, 1);
}

TEST(ConvKernels, EmptyBatchHasNoWork) {
  Rng rng(6);
  ConvCase k{.n = 0, .h = 5, .w = 5, .c = 6, .o = 9, .kh = 3, .kw = 3};
  TestStep s = make_step(rng, k);
  for (const Kernel* kernel : kernels_of("conv")) EXPECT_EQ(run_kernel(*kernel, s).problem, "");
}

// 2 pictures with their pads around them would have 2^64 + 64 bytes: nobody may allot the 64.
TEST(ConvKernels, PadsBeyondAllMemory) {
  Rng rng(8);
  const int sh = 2147352580 - 1, sw = 1073807362 - 2;
  check(rng, {.n = 2,
              .h = 1,
              .w = 1,
              .c = 1,
              .o = 3,
              .kh = 1,
              .kw = 2,
              .sh = sh,
              .sw = sw,
              .pt = sh,
              .pl = sw + 1});
}

TEST(ConvKernels, HostileStepsAreRefusedOrStayInBounds) {
  Rng rng(7);
  std::map<std::string, int> ran;
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    ConvCase k = random_case(rng);
    k.h = random_int(rng, 1, 6), k.w = random_int(rng, 1, 6);
    if (!k.valid() || k.c * k.o > 1024) continue;
    TestStep base = make_step(rng, k);
    for (const Kernel* kernel : kernels_of("conv")) {
      for (int round = 0; round < 3; ++round) {
        HostileStep s = packed_step(*kernel, base);
        mutate(rng, &s);
        bool one_ran = false;
        EXPECT_EQ(bind_and_run(*kernel, s, rng, &one_ran), "") << k.text();
        ran[kernel->name] += one_ran;
      }
    }
  }
  for (const Kernel* k : kernels_of("conv")) EXPECT_GE(ran[k->name], 20) << k->name;
}

}  // namespace
}  // namespace hone::kernels::testing
