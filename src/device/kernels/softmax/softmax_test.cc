#include "device/kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(const Tensor& x, int axis, int axis_end, bool log) {
  TestStep s;
  s.attrs = words(SoftmaxAttrs{axis, axis_end, log});
  s.in = {x};
  s.out = {tensor(x.op.dtype, x.op.shape)};
  return s;
}

std::vector<double> reference(const Tensor& x, int axis, int axis_end, bool log) {
  const Shape& s = x.op.shape;
  int64_t outer = s.count(0, axis), size = s.count(axis, axis_end);
  int64_t inner = s.count(axis_end, s.rank());
  std::vector<double> y(static_cast<size_t>(x.count()));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      auto at = [&](int64_t k) { return (o * size + k) * inner + i; };
      double max = -INFINITY, sum = 0;
      for (int64_t k = 0; k < size; ++k) max = std::fmax(max, get(x, at(k)));
      for (int64_t k = 0; k < size; ++k) sum += std::exp(get(x, at(k)) - max);
      for (int64_t k = 0; k < size; ++k) {
        double v = get(x, at(k)) - max;
        y[static_cast<size_t>(at(k))] = log ? v - std::log(sum) : std::exp(v) / sum;
      }
    }
  }
  return y;
}

bool takes(const Kernel& k, DType t) {
  return (std::strstr(k.name, "f64") != nullptr) == (t == DType::f64);
}

void check(const Tensor& x, int axis, int axis_end, bool in_place = false) {
  const double slack = x.op.dtype == DType::f64 ? 1e-14 : 2e-6;
  for (bool log : {false, true}) {
    std::vector<double> want = reference(x, axis, axis_end, log);
    TestStep s = step_of(in_place ? clone(x) : x, axis, axis_end, log);
    if (in_place) s.out[0] = s.in[0];
    for (const Kernel* k : kernels_of("softmax")) {
      if (!takes(*k, x.op.dtype)) continue;
      std::memcpy(s.in[0].data<char>(), clone(x).data<char>(),
                  static_cast<size_t>(x.memory->bytes()));
      Outcome o = run_kernel(*k, s);
      ASSERT_EQ(o.refused, nullptr) << o.refused;
      EXPECT_EQ(o.problem, "");
      if (x.op.dtype == DType::f64) {
        for (size_t i = 0; i < want.size(); ++i) {
          EXPECT_NEAR(get(s.out[0], static_cast<int64_t>(i)), want[i],
                      slack * std::fabs(want[i]) + (log ? slack : 0));
        }
        continue;
      }
      EXPECT_EQ(
          differs(s.out[0], want,
                  [&](size_t i) { return slack * std::fabs(want[i]) + (log ? slack : 1e-37); }),
          "")
          << k->name << text(x.op.shape) << axis << "-" << axis_end << " log " << log;
    }
  }
}

TEST(Softmax, ShapesAndAxes) {
  Rng rng(1);
  for (const Shape& shape :
       {Shape{1}, Shape{10}, Shape{1000}, Shape{20011}, Shape{0, 3}, Shape{3, 0}, Shape{7, 13},
        Shape{3, 5, 67}, Shape{2, 3, 4, 5}, Shape{300, 3}, Shape{5, 129}, Shape{4, 1, 1}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (int end = axis + 1; end <= shape.rank(); ++end) {
        check(random_tensor(rng, shape, 0, -9, 9), axis, end);
      }
    }
  }
  check(random_tensor(rng, {3, 5, 67}), 1, 1);  // nothing is normalised: all ones
}

TEST(Softmax, LargeValuesAndInPlace) {
  Rng rng(2);
  check(random_tensor(rng, {5, 333}, 0, -200, 200), 1, 2);
  check(random_tensor(rng, {5, 333}, 0, 1e30f, 3e38f), 1, 2);
  check(random_tensor(rng, {5, 333}, 0, -9, 9), 1, 2, true);
  check(random_tensor(rng, {5, 33, 7}, 0, -9, 9), 1, 2, true);
}

TEST(Softmax, Infinities) {
  Tensor x = tensor(DType::f32, {3, 37});
  fill<float>(x, [](int64_t i) {
    if (i == 5) return -INFINITY;                              // row 0: masked out
    if (i / 37 == 1) return -INFINITY;                         // row 1: nothing is left
    return i == 80 ? NAN : 0.1f * static_cast<float>(i % 37);  // row 2: NaN everywhere
  });
  for (bool log : {false, true}) {
    TestStep s = step_of(x, 1, 2, log);
    for (const Kernel* k : kernels_of("softmax")) {
      if (!takes(*k, DType::f32)) continue;
      EXPECT_EQ(run_kernel(*k, s).problem, "");
      EXPECT_EQ(get(s.out[0], 5), log ? -INFINITY : 0) << k->name;
      EXPECT_FALSE(std::isnan(get(s.out[0], 6)));
      EXPECT_TRUE(std::isnan(get(s.out[0], 40))) << k->name;
      for (int64_t i = 74; i < 111; ++i) EXPECT_TRUE(std::isnan(get(s.out[0], i))) << k->name;
    }
  }
}

TEST(Softmax, Doubles) {
  Rng rng(4);
  for (const Shape& shape : {Shape{1000}, Shape{3, 5, 67}, Shape{300, 3}, Shape{0, 3}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      check(random_of(rng, DType::f64, shape), axis, axis + 1);
    }
  }
  Tensor x = random_of(rng, DType::f64, {5, 333});
  for (int64_t i = 0; i < x.count(); ++i) x.at<double>(i) *= 1e5;  // beyond what f32's exp holds
  check(x, 1, 2);
  check(x, 1, 2, true);
}

TEST(Softmax, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("softmax",
                              {step_of(random_tensor(rng, {3, 5, 67}), 1, 2, false),
                               step_of(random_of(rng, DType::f64, {3, 5, 67}), 1, 2, false),
                               step_of(random_tensor(rng, {3, 5, 67}), 2, 3, true)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
