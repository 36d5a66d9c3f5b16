#include "device/kernels/reduce/reduce.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

bool is_arg(Reduce op) { return op == Reduce::arg_max || op == Reduce::arg_min; }

Shape reduced(const Shape& x, uint32_t axes, bool keep) {
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (!(axes >> i & 1)) y.push(x[i]);
    if ((axes >> i & 1) && keep) y.push(1);
  }
  return y;
}

TestStep step_of(Reduce op, uint32_t axes, bool last, const Tensor& x, bool keep) {
  TestStep s;
  s.attrs = words(ReduceAttrs{op, axes, last});
  s.in = {x};
  s.out = {tensor(is_arg(op) ? DType::i64 : x.op.dtype, reduced(x.op.shape, axes, keep))};
  return s;
}

double reference_of(Reduce op, bool last, const std::vector<double>& v) {
  double n = static_cast<double>(v.size()), sum = 0, prod = 1, l1 = 0, squares = 0, es = 0;
  double max = -INFINITY, min = INFINITY;
  size_t at_max = 0, at_min = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    sum += v[i], prod *= v[i], l1 += std::fabs(v[i]), squares += v[i] * v[i];
    if (v[i] > max || (last && v[i] == max)) at_max = i;
    if (v[i] < min || (last && v[i] == min)) at_min = i;
    max = std::isnan(v[i]) || v[i] > max ? v[i] : max;
    min = std::isnan(v[i]) || v[i] < min ? v[i] : min;
  }
  for (double x : v) es += std::exp(x - max);
  switch (op) {
    case Reduce::sum: return sum;
    case Reduce::mean: return v.empty() ? 0 : sum / n;
    case Reduce::max: return max;
    case Reduce::min: return min;
    case Reduce::prod: return prod;
    case Reduce::l1: return l1;
    case Reduce::l2: return std::sqrt(squares);
    case Reduce::sum_square: return squares;
    case Reduce::log_sum: return std::log(sum);
    case Reduce::log_sum_exp: return v.empty() ? -INFINITY : max + std::log(es);
    case Reduce::arg_max: return static_cast<double>(at_max);
    case Reduce::arg_min: return static_cast<double>(at_min);
  }
  return 0;
}

// The elements of every result, in order.
std::vector<std::vector<double>> groups(const Tensor& x, uint32_t axes) {
  Shape y = reduced(x.op.shape, axes, true);
  std::vector<std::vector<double>> g(static_cast<size_t>(y.count()));
  for (int64_t i = 0; i < x.count(); ++i) {
    auto at = index_of(x.op.shape, i);
    for (int d = 0; d < y.rank(); ++d) {
      if (axes >> d & 1) at[static_cast<size_t>(d)] = 0;
    }
    g[static_cast<size_t>(position_of(y, at))].push_back(get(x, i));
  }
  return g;
}

void check(Reduce op, const Tensor& x, uint32_t axes, bool last = false, bool keep = true) {
  if (is_arg(op) && (__builtin_popcount(axes) != 1 || x.count() == 0)) return;
  TestStep s = step_of(op, axes, last, x, keep);
  auto g = groups(x, axes);
  int ran = 0;
  for (const Kernel* k : kernels_of("reduce")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    ++ran;
    EXPECT_EQ(o.problem, "");
    for (size_t i = 0; i < g.size(); ++i) {
      double want = reference_of(op, last, g[i]), got = get(s.out[0], static_cast<int64_t>(i));
      double size = 1e-37;  // what the rounding errors of the sum are relative to
      for (double v : g[i]) size += op == Reduce::sum || op == Reduce::mean ? std::fabs(v) : 0;
      if (op == Reduce::mean && !g[i].empty()) size /= static_cast<double>(g[i].size());
      double tol = x.op.dtype == DType::f64 ? 1e-13 : 1e-6;
      tol *= size + std::fabs(want) + (op == Reduce::log_sum_exp || op == Reduce::log_sum);
      if (op == Reduce::prod) tol *= 30;
      if (is_integer(x.op.dtype)) want = std::trunc(want), tol = 0;
      if (std::isnan(want) ? std::isnan(got) : got == want || std::fabs(got - want) <= tol)
        continue;
      ADD_FAILURE() << k->name << " op " << static_cast<int>(op) << " axes " << axes << " of "
                    << text(x.op.shape) << name(x.op.dtype) << ": " << got << ", want " << want;
      return;
    }
  }
  EXPECT_GT(ran, 0);
}

const Shape shapes[] = {{1},       {7},          {1009},        {3, 67},
                        {67, 3},   {2, 49, 129}, {5, 1, 6},     {0, 3},
                        {3, 0},    {2, 3, 4, 5}, {1, 7, 7, 64}, {2, 2, 2, 2, 3},
                        {9001, 2}, {2, 9001},    {17, 130}};

TEST(Reduce, EveryFunctionOfF32) {
  Rng rng(1);
  for (int op = 0; op < reduce_end; ++op) {
    for (const Shape& shape : shapes) {
      bool positive = op == static_cast<int>(Reduce::log_sum);
      float lo = positive ? 0.5f : op == static_cast<int>(Reduce::prod) ? 0.9f : -2, hi = 2;
      if (op == static_cast<int>(Reduce::prod)) hi = 1.1f;
      Tensor x = random_tensor(rng, shape, 0, lo, hi);
      for (uint32_t axes = 0; axes < 1u << shape.rank(); ++axes) {
        check(static_cast<Reduce>(op), x, axes, false, axes % 2);
      }
    }
  }
}

TEST(Reduce, OtherTypes) {
  Rng rng(2);
  for (int op = 0; op < reduce_end; ++op) {
    for (const Shape& shape : {Shape{11}, Shape{3, 7}, Shape{7, 3, 2}}) {
      for (uint32_t axes = 0; axes < 1u << shape.rank(); ++axes) {
        auto r = static_cast<Reduce>(op);
        if (r == Reduce::log_sum) continue;
        check(r, random_of(rng, DType::f64, shape), axes);
        if (r == Reduce::prod) continue;
        for (DType t : {DType::i8, DType::i16, DType::i32, DType::i64}) {
          if (t == DType::i8 && (r == Reduce::sum_square || r == Reduce::l1)) continue;  // wraps
          Tensor x = random_of(rng, t, shape);
          if (t == DType::i8 && r == Reduce::sum) continue;
          check(r, x, axes, true);
        }
      }
    }
  }
  Tensor x = tensor(DType::u8, {300});
  fill<uint8_t>(x, [](int64_t) { return uint8_t{200}; });
  check(Reduce::mean, x, 1);
  check(Reduce::max, x, 1);
}

TEST(Reduce, EqualOnesAndNaN) {
  Tensor x = tensor(DType::f32, {4, 40});
  fill<float>(x, [](int64_t i) { return static_cast<float>(i % 3); });
  for (bool last : {false, true}) {
    for (uint32_t axes : {1u, 2u}) {
      check(Reduce::arg_max, x, axes, last);
      check(Reduce::arg_min, x, axes, last);
    }
  }
  x.at<float>(45) = NAN;
  for (Reduce op : {Reduce::max, Reduce::min, Reduce::sum}) {
    for (uint32_t axes : {1u, 2u, 3u}) check(op, x, axes);
  }
}

// The first NaN, or the last one, wins; the kernels agree, whatever falls into one vector.
TEST(Reduce, PlacesOfNaN) {
  Rng rng(5);
  for (const Shape& shape : {Shape{5, 7}, Shape{3, 40}, Shape{130, 3}, Shape{9, 70}}) {
    for (int round = 0; round < 8; ++round) {
      Tensor x = tensor(DType::f32, shape);
      fill<float>(x, [&](int64_t) {
        const int64_t kind = random_int(rng, 0, 19);
        if (kind < round / 2) return NAN;
        return kind < 6 ? -INFINITY : static_cast<float>(random_int(rng, -3, 3));
      });
      for (Reduce op : {Reduce::arg_max, Reduce::arg_min}) {
        for (uint32_t choice = 0; choice < 4; ++choice) {
          TestStep want = step_of(op, 1 + choice / 2, choice % 2, x, true), got = want;
          ASSERT_EQ(run_kernel(*find_kernel("reduce_any_portable"), want).problem, "");
          for (const Kernel* k : kernels_of("reduce")) {
            ASSERT_EQ(run_kernel(*k, got).problem, "");
            for (int64_t i = 0; i < got.out[0].count(); ++i) {
              ASSERT_EQ(get(got.out[0], i), get(want.out[0], i)) << k->name << text(shape) << i;
            }
          }
        }
      }
    }
  }
}

TEST(Reduce, Infinities) {
  Tensor x = tensor(DType::f32, {3, 40});
  fill<float>(x, [](int64_t i) { return i / 40 == 0 ? -INFINITY : i == 50 ? INFINITY : 1.0f; });
  TestStep s = step_of(Reduce::log_sum_exp, 2, false, x, true);
  for (const Kernel* k : kernels_of("reduce")) {
    if (run_kernel(*k, s).refused) continue;
    EXPECT_EQ(get(s.out[0], 0), -INFINITY) << k->name;
    EXPECT_EQ(get(s.out[0], 1), INFINITY) << k->name;
    EXPECT_NEAR(get(s.out[0], 2), 1 + std::log(40.0), 1e-5) << k->name;
  }
  check(Reduce::max, x, 2);
  check(Reduce::min, x, 2);
}

// A million numbers of about 1: a running sum in f32 would be off by 1e-4.
TEST(Reduce, LongSumsStayAccurate) {
  Rng rng(3);
  Tensor x = random_tensor(rng, {1000003}, 0, 0.9f, 1.1f);
  check(Reduce::sum, x, 1);
  check(Reduce::mean, x, 1);
  check(Reduce::sum, random_tensor(rng, {200003, 5}, 0, 0.9f, 1.1f), 1);
}

TEST(Reduce, EmptyOnesOfIntegers) {
  Tensor x = tensor(DType::i8, {0, 2});
  TestStep s = step_of(Reduce::max, 1, false, x, true);
  EXPECT_EQ(run_kernel(*find_kernel("reduce_any_portable"), s).problem, "");
  EXPECT_EQ(get(s.out[0], 0), -128);
}

// The axes in dims and not in attrs: the same result.
TEST(Reduce, ComputedAxes) {
  Rng rng(5);
  for (uint32_t axes = 0; axes < 8; ++axes) {
    const Tensor x = random_tensor(rng, {3, 5, 7});
    TestStep given = step_of(Reduce::sum, axes, false, x, true);
    TestStep computed = step_of(Reduce::sum, axes, false, x, true);
    computed.attrs = words(ReduceAttrs{Reduce::sum, 0, 0});
    computed.dims = {static_cast<int64_t>(axes)};
    for (const Kernel* k : kernels_of("reduce")) {
      ASSERT_EQ(run_kernel(*k, given).refused, nullptr);
      ASSERT_EQ(run_kernel(*k, computed).refused, nullptr);
      std::vector<double> want;
      for (int64_t i = 0; i < given.out[0].count(); ++i) want.push_back(get(given.out[0], i));
      EXPECT_EQ(differs(computed.out[0], want, 0), "") << k->name << " axes " << axes;
    }
  }
}

TEST(Reduce, HostileSteps) {
  Rng rng(4);
  std::vector<TestStep> seeds;
  for (int op = 0; op < reduce_end; ++op) {
    uint32_t axes = is_arg(static_cast<Reduce>(op)) ? 2 : 5;
    seeds.push_back(
        step_of(static_cast<Reduce>(op), axes, false, random_tensor(rng, {3, 5, 17, 2}), true));
    seeds.push_back(step_of(static_cast<Reduce>(op), axes, false,
                            random_of(rng, DType::i16, {3, 5, 17}), false));
  }
  TestStep computed = step_of(Reduce::sum, 5, false, random_tensor(rng, {3, 5, 17}), false);
  computed.attrs = words(ReduceAttrs{Reduce::sum, 0, 0});
  computed.dims = {5};
  seeds.push_back(std::move(computed));
  EXPECT_EQ(try_hostile_steps("reduce", seeds, 40000), "");
}

}  // namespace
}  // namespace hone::kernels
