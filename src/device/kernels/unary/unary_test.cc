#include "device/kernels/unary/unary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels {
namespace {

using namespace testing;

constexpr float inf = std::numeric_limits<float>::infinity();

double reference(int op, double x, double a, double b) {
  if (op < 64) return reference_act(static_cast<Act>(op), x, a, b);
  switch (static_cast<Unary>(op)) {
    case Unary::neg: return -x;
    case Unary::abs: return std::fabs(x);
    case Unary::sqrt: return std::sqrt(x);
    case Unary::reciprocal: return 1 / x;
    case Unary::exp: return std::exp(x);
    case Unary::log: return std::log(x);
    case Unary::erf: return std::erf(x);
    case Unary::floor: return std::floor(x);
    case Unary::ceil: return std::ceil(x);
    case Unary::round_even: return std::nearbyint(x);
    case Unary::sign: return std::isnan(x) ? x : (x > 0) - (x < 0);
    case Unary::logical_not: return x == 0;
    case Unary::sin: return std::sin(x);
    case Unary::cos: return std::cos(x);
    case Unary::tan: return std::tan(x);
    case Unary::asin: return std::asin(x);
    case Unary::acos: return std::acos(x);
    case Unary::atan: return std::atan(x);
    case Unary::sinh: return std::sinh(x);
    case Unary::cosh: return std::cosh(x);
    case Unary::asinh: return std::asinh(x);
    case Unary::acosh: return std::acosh(x);
    case Unary::atanh: return std::atanh(x);
    case Unary::is_nan: return std::isnan(x);
    case Unary::is_inf: return std::isinf(x) && (x > 0 ? a != 0 : b != 0);
    case Unary::softsign: return std::isinf(x) ? std::copysign(1, x) : x / (1 + std::fabs(x));
    case Unary::bitwise_not: return -x - 1;
    case Unary::selu: return b * (x >= 0 ? x : a * std::expm1(x));
    case Unary::celu:
      return std::isnan(x) ? x : std::fmax(0, x) + std::fmin(0, a * std::expm1(x / a));
    case Unary::thresholded_relu: return x > a ? x : 0;
    case Unary::shrink: return x < -a ? x + b : x > a ? x - b : 0;
  }
  return 0;
}

std::vector<int> all_functions() {
  std::vector<int> ops;
  for (int i = 0; i < act_count; ++i) ops.push_back(i);
  for (int i = 64; i < unary_end; ++i) ops.push_back(i);
  return ops;
}

// Bound on |y - want|. The tails of gated functions are products of a tiny factor and x; what is
// below the smallest normal number may lose its last bits.
double tolerance(int op, double x, double want) {
  double relative = 2e-6 * std::fabs(want) + 1e-37;
  if (op == static_cast<int>(Act::gelu_erf) || op == static_cast<int>(Act::gelu_tanh) ||
      op == static_cast<int>(Act::silu) || op == static_cast<int>(Act::mish)) {
    // exp amplifies the rounding of its argument, which grows with x^2 or x^3.
    return 2e-6 * std::fabs(want) + 1e-7 * std::fmin(std::fabs(x), 8);
  }
  if (op == static_cast<int>(Act::hard_swish) || op == static_cast<int>(Act::hard_sigmoid) ||
      op == static_cast<int>(Unary::shrink)) {
    return relative + 3e-7 * std::fmax(1, std::fabs(x));
  }
  return relative;
}

TestStep step_of(int op, float a, float b, const Tensor& x) {
  bool test = op == static_cast<int>(Unary::is_nan) || op == static_cast<int>(Unary::is_inf);
  TestStep s;
  s.attrs = words(UnaryAttrs{op, a, b});
  s.in = {x};
  s.out = {tensor(test ? DType::boolean : x.op.dtype, x.op.shape)};
  return s;
}

void set_parameters(int op, float* a, float* b) {
  *a = 0.7f, *b = 1.3f;
  if (op == static_cast<int>(Act::hard_sigmoid)) *a = 0.2f, *b = 0.5f;
  if (op == static_cast<int>(Act::clip)) *a = -1, *b = 2.5f;
  if (op == static_cast<int>(Act::leaky_relu)) *a = 0.01f;
}

// Runs every kernel that takes the step and compares; how many there were.
int check(int op, float a, float b, const Tensor& x) {
  int ran = 0;
  TestStep s = step_of(op, a, b, x);
  for (const Kernel* k : kernels_of("unary")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    ++ran;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < x.count(); ++i) {
      double v = get(x, i), want = reference(op, v, static_cast<double>(a), static_cast<double>(b));
      double got = get(s.out[0], i);
      if (x.op.dtype == DType::f32) want = static_cast<double>(static_cast<float>(want));
      double tol = tolerance(op, v, want);
      if (x.op.dtype == DType::f64) tol *= 1e-6;
      if (is_integer(x.op.dtype)) tol = 0;
      if (std::isnan(want) ? std::isnan(got) : got == want || std::fabs(got - want) <= tol)
        continue;
      ADD_FAILURE() << k->name << " op " << op << " of " << v << ": " << got << ", want " << want;
      return ran;
    }
  }
  return ran;
}

TEST(Unary, EveryFunctionOfF32) {
  Rng rng(1);
  for (int op : all_functions()) {
    float a, b;
    set_parameters(op, &a, &b);
    for (int n : {0, 1, 3, 17, 1009, 9001}) {
      int ran = check(op, a, b, random_tensor(rng, {n}, 0, -6, 6));
      bool logical =
          op == static_cast<int>(Unary::logical_not) || op == static_cast<int>(Unary::bitwise_not);
      EXPECT_EQ(ran > 0, !logical) << op;
    }
    check(op, a, b, random_tensor(rng, {2, 3, 1, 37}, 0, -110, 110));
    check(op, a, b, random_tensor(rng, {}, 0, -1, 1));
  }
}

// Near the multiples of pi / 2, where the quotient's parts matter, and where vectors give up.
TEST(Unary, LargeAngles) {
  Rng rng(6);
  for (Unary op : {Unary::sin, Unary::cos, Unary::tan}) {
    for (float limit : {1e3f, 9.9e4f, 1.1e5f, 1e7f}) {
      check(static_cast<int>(op), 0, 0, random_tensor(rng, {9001}, 0, -limit, limit));
    }
    Tensor x = tensor(DType::f32, {60000});
    fill<float>(x, [](int64_t i) { return static_cast<float>(static_cast<double>(i) * M_PI / 2); });
    check(static_cast<int>(op), 0, 0, x);
  }
}

TEST(Unary, SpecialValues) {
  const float values[] = {0.0f,        -0.0f,      inf,       -inf,  std::nanf(""), 1e-40f, -1e-40f,
                          1e-38f,      1e30f,      -1e30f,    88.7f, 88.8f,         -87.3f, -87.4f,
                          -103.9f,     -104.1f,    0.5f,      -0.5f, 1.5f,          2.5f,   -2.5f,
                          1e-7f,       -1e-7f,     3.4e38f,   1.0f,  -1.0f,         1e-30f, 20.0f,
                          0.99999994f, 1.0000001f, 8388609.0f};
  for (int op : all_functions()) {
    float a, b;
    set_parameters(op, &a, &b);
    Tensor x = tensor(DType::f32, {static_cast<int64_t>(std::size(values))});
    fill<float>(x, [&](int64_t i) { return values[i]; });
    check(op, a, b, x);
    check(op, 1, 0, x);
  }
}

// The relative error of the functions whose accuracy is promised, over their whole range.
TEST(Unary, AccuracyOfTranscendentals) {
  struct Case {
    int op;
    float lo, hi;
  };
  const Case cases[] = {
      {static_cast<int>(Unary::exp), -87, 88.7f},  {static_cast<int>(Unary::exp), -1, 1},
      {static_cast<int>(Unary::log), 1e-30f, 3},   {static_cast<int>(Unary::log), 0.9f, 1.1f},
      {static_cast<int>(Unary::log), 1, 1e38f},    {static_cast<int>(Unary::erf), -5, 5},
      {static_cast<int>(Unary::erf), -0.1f, 0.1f}, {static_cast<int>(Act::tanh), -12, 12},
      {static_cast<int>(Act::tanh), -0.1f, 0.1f},  {static_cast<int>(Act::sigmoid), -87, 87},
      {static_cast<int>(Act::elu), -20, 0},        {static_cast<int>(Act::softplus), -87, 87}};
  Rng rng(2);
  for (const Case& c : cases) {
    Tensor x = random_tensor(rng, {100003}, 0, c.lo, c.hi);
    TestStep s = step_of(c.op, 1, 0, x);
    for (const Kernel* k : kernels_of("unary")) {
      Outcome o = run_kernel(*k, s);
      if (o.refused) continue;
      double worst = 0, at = 0;
      for (int64_t i = 0; i < x.count(); ++i) {
        double v = get(x, i), want = reference(c.op, v, 1, 0);
        double error = want == 0 ? 0 : std::fabs(get(s.out[0], i) - want) / std::fabs(want);
        if (error > worst) worst = error, at = v;
      }
      std::printf("%-20s op %2d on [%g, %g]: worst relative error %.2e at %g\n", k->name, c.op,
                  static_cast<double>(c.lo), static_cast<double>(c.hi), worst, at);
      EXPECT_LE(worst, 2e-6) << k->name << " op " << c.op << " at " << at;
    }
  }
}

TEST(Unary, OtherTypes) {
  Rng rng(3);
  for (int op : all_functions()) {
    float a, b;
    set_parameters(op, &a, &b);
    check(op, a, b, random_of(rng, DType::f64, {5, 1013}));
    check(op, 0, 1, random_of(rng, DType::boolean, {77}));
    for (DType t : {DType::i8, DType::i16, DType::i32, DType::i64}) {
      check(op, -2, 3, random_of(rng, t, {5, 101}));
    }
  }
  for (DType t : {DType::u8, DType::u16, DType::u32, DType::u64}) {
    EXPECT_EQ(check(static_cast<int>(Act::relu), 0, 0, random_of(rng, t, {100})), 1);
    EXPECT_EQ(check(static_cast<int>(Unary::abs), 0, 0, random_of(rng, t, {100})), 1);
  }
}

TEST(Unary, InPlace) {
  Rng rng(4);
  for (int op : {static_cast<int>(Act::gelu_erf), static_cast<int>(Unary::exp)}) {
    Tensor x = random_tensor(rng, {5, 1999}), before = clone(x);
    TestStep s = step_of(op, 0, 0, x);
    s.out[0] = x;
    for (const Kernel* k : kernels_of("unary")) {
      std::memcpy(x.data<char>(), before.data<char>(), static_cast<size_t>(x.memory->bytes()));
      Outcome o = run_kernel(*k, s);
      if (o.refused) continue;
      EXPECT_EQ(o.problem, "");
      for (int64_t i = 0; i < x.count(); ++i) {
        ASSERT_NEAR(get(x, i), reference(op, get(before, i), 0, 0), 1e-5) << k->name;
      }
    }
  }
}

TEST(Unary, HostileSteps) {
  Rng rng(5);
  std::vector<TestStep> seeds = {
      step_of(static_cast<int>(Act::clip), 0, 1, random_of(rng, DType::i16, {3, 5})),
      step_of(static_cast<int>(Unary::exp), 0, 1, random_of(rng, DType::f32, {7, 3, 5})),
      step_of(static_cast<int>(Unary::is_inf), 1, 1, random_of(rng, DType::f32, {7, 3, 5}))};
  EXPECT_EQ(try_hostile_steps("unary", seeds, 20000), "");
}

}  // namespace
}  // namespace hone::kernels
