#include "device/kernels/binary/binary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels {
namespace {

using namespace testing;

double reference_float(Binary op, double a, double b) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::min: return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
    case Binary::max: return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
    case Binary::pow: return std::pow(a, b);
    case Binary::fmod: return std::fmod(a, b);
    case Binary::mod: {
      double r = std::fmod(a, b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
    case Binary::prelu: return a >= 0 ? a : a * b;
    case Binary::equal: return a == b;
    case Binary::less: return a < b;
    case Binary::less_equal: return a <= b;
    case Binary::greater: return a > b;
    case Binary::greater_equal: return a >= b;
    default: return 0;
  }
}

// On values so small that nothing wraps, except what the caller looks for.
int64_t reference_int(Binary op, int64_t a, int64_t b, int width, bool is_signed) {
  int64_t r = b == 0 ? 0 : a % b;
  switch (op) {
    case Binary::div: return b == 0 ? 0 : a / b;
    case Binary::fmod: return r;
    case Binary::mod: return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    case Binary::pow: {
      if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
      uint64_t v = 1;
      for (int64_t i = 0; i < b; ++i) v *= static_cast<uint64_t>(a);
      return static_cast<int64_t>(v);
    }
    case Binary::logical_and: return a && b;
    case Binary::logical_or: return a || b;
    case Binary::logical_xor: return (a != 0) != (b != 0);
    case Binary::bitwise_and: return a & b;
    case Binary::bitwise_or: return a | b;
    case Binary::bitwise_xor: return a ^ b;
    case Binary::shift_left:
      return b < 0 || b >= width ? 0 : static_cast<int64_t>(static_cast<uint64_t>(a) << b);
    case Binary::shift_right:
      if (b < 0 || b >= width) return is_signed && a < 0 ? -1 : 0;
      return is_signed ? a >> b : static_cast<int64_t>(static_cast<uint64_t>(a) >> b);
    default:
      return static_cast<int64_t>(
          reference_float(op, static_cast<double>(a), static_cast<double>(b)));
  }
}

bool gives_bool(Binary op) { return op >= Binary::equal && op <= Binary::logical_xor; }

TestStep step_of(Binary op, const Tensor& a, const Tensor& b, const Shape& y, Act act = Act::none) {
  TestStep s;
  s.attrs = words(BinaryAttrs{op, act, 0.3f, 0.9f});
  s.in = {a, b};
  s.out = {tensor(gives_bool(op) ? DType::boolean : a.op.dtype, y)};
  return s;
}

int check_float(Binary op, const Tensor& a, const Tensor& b, const Shape& y, Act act = Act::none) {
  int ran = 0;
  TestStep s = step_of(op, a, b, y, act);
  for (const Kernel* k : kernels_of("binary")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    ++ran;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      double va = get(a, broadcast_position(a.op.shape, y, i));
      double vb = get(b, broadcast_position(b.op.shape, y, i));
      double want = reference_float(op, va, vb), got = get(s.out[0], i);
      if (a.op.dtype == DType::f32) want = static_cast<double>(static_cast<float>(want));
      if (act != Act::none) want = reference_act(act, want, 0.3f, 0.9f);
      double tol =
          (a.op.dtype == DType::f64 ? 1e-14 : 2e-6) * (std::fabs(want) + (act != Act::none));
      if (op == Binary::mod) tol += 1e-6;
      if (std::isnan(want) ? std::isnan(got) : got == want || std::fabs(got - want) <= tol)
        continue;
      ADD_FAILURE() << k->name << " op " << static_cast<int>(op) << " of " << va << ", " << vb
                    << ": " << got << ", want " << want << " " << text(a.op.shape)
                    << text(b.op.shape);
      return ran;
    }
  }
  return ran;
}

const std::vector<std::vector<Shape>>& patterns() {  // a, b, y
  static const std::vector<std::vector<Shape>> p = {
      {{7}, {7}, {7}},
      {{3, 1, 5}, {3, 1, 5}, {3, 1, 5}},
      {{10007}, {}, {10007}},
      {{}, {10007}, {10007}},
      {{}, {}, {}},
      {{64, 67}, {67}, {64, 67}},
      {{67}, {64, 67}, {64, 67}},
      {{2, 9, 9, 33}, {2, 1, 1, 33}, {2, 9, 9, 33}},
      {{2, 9, 9, 33}, {2, 9, 9, 1}, {2, 9, 9, 33}},
      {{2, 9, 9, 3}, {1, 1, 1, 3}, {2, 9, 9, 3}},
      {{5, 1}, {1, 6}, {5, 6}},
      {{2, 1, 3, 1, 2, 1, 2, 1}, {1, 3, 1, 2, 1, 2, 1, 3}, {2, 3, 3, 2, 2, 2, 2, 3}},
      {{2, 4100}, {2, 1}, {2, 4100}},
      {{0, 3}, {3}, {0, 3}},
      {{1, 1}, {1}, {1, 1}},
      {{1, 1}, {1}, {3, 5}},
  };
  return p;
}

TEST(Binary, BroadcastsF32) {
  Rng rng(1);
  for (Binary op : {Binary::add, Binary::sub, Binary::mul, Binary::div, Binary::min, Binary::max,
                    Binary::prelu, Binary::less, Binary::equal, Binary::pow, Binary::mod}) {
    for (const auto& p : patterns()) {
      Tensor a = random_tensor(rng, p[0], 0, op == Binary::pow ? 0.1f : -3, 3);
      EXPECT_GT(check_float(op, a, random_tensor(rng, p[1], 0, -3, 3), p[2]), 0);
    }
  }
}

TEST(Binary, SpecialValues) {
  const float values[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN,   1,     -1,
                          2,    -2,    0.5f,     3,         1e30f, 1e-40f};
  int n = static_cast<int>(std::size(values));
  Tensor a = tensor(DType::f32, {n, 1}), b = tensor(DType::f32, {n}),
         full = tensor(DType::f32, {n, n});
  fill<float>(a, [&](int64_t i) { return values[i]; });
  fill<float>(b, [&](int64_t i) { return values[i]; });
  fill<float>(full, [&](int64_t i) { return values[i % n]; });
  for (int op = 0; op <= static_cast<int>(Binary::greater_equal); ++op) {
    check_float(static_cast<Binary>(op), a, b, {n, n});
    check_float(static_cast<Binary>(op), full, full, {n, n});
    for (float v : values) {
      Tensor scalar = tensor(DType::f32, {});
      scalar.at<float>(0) = v;
      check_float(static_cast<Binary>(op), b, scalar, {n});
      check_float(static_cast<Binary>(op), scalar, b, {n});
    }
  }
}

TEST(Binary, Activations) {
  Rng rng(2);
  for (int act = 0; act < act_count; ++act) {
    Tensor a = random_tensor(rng, {3, 4099}, 0, -3, 3), b = random_tensor(rng, {4099}, 0, -3, 3);
    EXPECT_GT(check_float(Binary::add, a, b, {3, 4099}, static_cast<Act>(act)), 0);
  }
}

// The f32 result, which of products of halves is exact, rounded once.
TEST(Binary, Halves) {
  Rng rng(8);
  for (DType t : {DType::bf16, DType::f16}) {
    for (Binary op : {Binary::add, Binary::sub, Binary::mul}) {
      for (const auto& p : patterns()) {
        TestStep s = step_of(op, random_of(rng, t, p[0]), random_of(rng, t, p[1]), p[2]);
        Tensor rounded = tensor(t, {1});
        int ran = 0;
        for (const Kernel* k : kernels_of("binary")) {
          const Outcome o = run_kernel(*k, s);
          if (o.refused) continue;
          ++ran;
          EXPECT_EQ(o.problem, "");
          for (int64_t i = 0; i < s.out[0].count(); ++i) {
            const double a = get(s.in[0], broadcast_position(p[0], p[2], i));
            const double b = get(s.in[1], broadcast_position(p[1], p[2], i));
            set(rounded, 0, reference_float(op, a, b));
            ASSERT_EQ(get(s.out[0], i), get(rounded, 0)) << k->name << ": " << a << ", " << b;
          }
        }
        EXPECT_GE(ran, 1);
      }
      TestStep fused = step_of(op, random_of(rng, t, {7}), random_of(rng, t, {7}), {7}, Act::relu);
      for (const Kernel* k : kernels_of("binary"))
        EXPECT_NE(run_kernel(*k, fused).refused, nullptr);
    }
    TestStep other = step_of(Binary::div, random_of(rng, t, {7}), random_of(rng, t, {7}), {7});
    for (const Kernel* k : kernels_of("binary")) EXPECT_NE(run_kernel(*k, other).refused, nullptr);
  }
}

TEST(Binary, F64) {
  Rng rng(3);
  for (int op = 0; op <= static_cast<int>(Binary::greater_equal); ++op) {
    for (const auto& p : patterns()) {
      check_float(static_cast<Binary>(op), random_of(rng, DType::f64, p[0]),
                  random_of(rng, DType::f64, p[1]), p[2]);
    }
  }
}

void check_int(Binary op, const Tensor& a, const Tensor& b, const Shape& y) {
  TestStep s = step_of(op, a, b, y);
  bool is_signed = a.op.dtype == DType::i8 || a.op.dtype == DType::i16 ||
                   a.op.dtype == DType::i32 || a.op.dtype == DType::i64;
  for (const Kernel* k : kernels_of("binary")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      int64_t va = get_int(a, broadcast_position(a.op.shape, y, i));
      int64_t vb = get_int(b, broadcast_position(b.op.shape, y, i));
      int64_t want = reference_int(op, va, vb, bits(a.op.dtype), is_signed);
      if (!gives_bool(op)) {  // wrapped to the type
        with_type(a.op.dtype,
                  [&](auto z) { want = static_cast<int64_t>(static_cast<decltype(z)>(want)); });
      }
      ASSERT_EQ(get_int(s.out[0], i), want) << k->name << " op " << static_cast<int>(op) << " of "
                                            << va << ", " << vb << " " << name(a.op.dtype);
    }
  }
}

TEST(Binary, Integers) {
  Rng rng(4);
  for (DType t : integer_types()) {
    for (int op = 0; op < binary_end; ++op) {
      for (const auto& p : patterns()) {
        Tensor a = random_of(rng, t, p[0]), b = random_of(rng, t, p[1]);
        if (t != DType::i8 && t != DType::i16 && t != DType::i32 && t != DType::i64) {
          for (int64_t i = 0; i < a.count(); ++i) set(a, i, static_cast<double>(get_int(a, i) & 7));
          for (int64_t i = 0; i < b.count(); ++i) set(b, i, static_cast<double>(get_int(b, i) & 7));
        }
        check_int(static_cast<Binary>(op), a, b, p[2]);
      }
    }
  }
}

TEST(Binary, IntegerEdges) {
  Tensor a = tensor(DType::i32, {4}), b = tensor(DType::i32, {4});
  int32_t va[] = {INT32_MIN, INT32_MIN, INT32_MAX, 5}, vb[] = {-1, -1, 1, 0};
  fill<int32_t>(a, [&](int64_t i) { return va[i]; });
  fill<int32_t>(b, [&](int64_t i) { return vb[i]; });
  const Kernel* k = find_kernel("binary_any_portable");
  for (auto [op, want] : {std::pair{Binary::div, INT32_MIN}, {Binary::mod, 0}, {Binary::fmod, 0}}) {
    TestStep s = step_of(op, a, b, {4});
    EXPECT_EQ(run_kernel(*k, s).problem, "");
    EXPECT_EQ(s.out[0].at<int32_t>(0), want);
    EXPECT_EQ(s.out[0].at<int32_t>(3), 0);
  }
  TestStep s = step_of(Binary::add, a, b, {4});
  EXPECT_EQ(run_kernel(*k, s).problem, "");
  EXPECT_EQ(s.out[0].at<int32_t>(2), INT32_MIN);
}

TEST(Binary, Bool) {
  Rng rng(5);
  for (int op = 0; op < binary_end; ++op) {
    for (const auto& p : patterns()) {
      check_int(static_cast<Binary>(op), random_of(rng, DType::boolean, p[0]),
                random_of(rng, DType::boolean, p[1]), p[2]);
    }
  }
}

TEST(Binary, InPlace) {
  Rng rng(6);
  Tensor a = random_tensor(rng, {3, 5, 701}), b = random_tensor(rng, {701}), before = clone(a);
  for (bool swap : {false, true}) {
    TestStep s = step_of(Binary::sub, a, b, {3, 5, 701}, Act::relu);
    if (swap) std::swap(s.in[0], s.in[1]);
    s.out[0] = a;
    for (const Kernel* k : kernels_of("binary")) {
      std::memcpy(a.data<char>(), before.data<char>(), static_cast<size_t>(a.memory->bytes()));
      Outcome o = run_kernel(*k, s);
      if (o.refused) continue;
      EXPECT_EQ(o.problem, "");
      for (int64_t i = 0; i < a.count(); ++i) {
        double d = get(before, i) - get(b, i % 701);
        ASSERT_NEAR(get(a, i), std::fmax(0, swap ? -d : d), 1e-6) << k->name;
      }
    }
  }
}

TEST(Binary, HostileSteps) {
  Rng rng(7);
  std::vector<TestStep> seeds;
  for (size_t i : {1, 5, 7, 8, 10, 11}) {
    const auto& p = patterns()[i];
    seeds.push_back(
        step_of(Binary::add, random_tensor(rng, p[0]), random_tensor(rng, p[1]), p[2], Act::relu));
    seeds.push_back(step_of(static_cast<Binary>(i), random_of(rng, DType::i8, p[0]),
                            random_of(rng, DType::i8, p[1]), p[2]));
  }
  EXPECT_EQ(try_hostile_steps("binary", seeds, 30000), "");
}

}  // namespace
}  // namespace hone::kernels
