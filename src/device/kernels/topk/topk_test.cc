#include "device/kernels/topk/topk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Tensor x, int axis, int64_t k, bool largest) {
  TestStep s;
  s.attrs = words(TopkAttrs{axis, largest ? 1 : 0});
  Shape y = x.op.shape;
  y[axis] = k;
  s.out = {tensor(x.op.dtype, y), tensor(DType::i64, y)};
  s.in = {std::move(x)};
  return s;
}

// Against a stable sort of every line.
void check(const TestStep& s, int axis, bool largest) {
  const Tensor &x = s.in[0], &y = s.out[0];
  for (const Kernel* k : kernels_of("topk")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      std::vector<int64_t> at = index_of(y.op.shape, i);
      const int64_t place = std::exchange(at[static_cast<size_t>(axis)], 0);
      std::vector<double> line;
      for (int64_t& j = at[static_cast<size_t>(axis)]; j < x.op.shape[axis]; ++j) {
        line.push_back(get(x, position_of(x.op.shape, at)));
      }
      std::vector<int64_t> order(line.size());
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        const double u = line[static_cast<size_t>(a)], v = line[static_cast<size_t>(b)];
        if (std::isnan(u) || std::isnan(v)) return std::isnan(v) && !std::isnan(u);
        return largest ? u > v : u < v;
      });
      const int64_t expected = order[static_cast<size_t>(place)];
      ASSERT_EQ(get_int(s.out[1], i), expected) << k->name << " " << i;
      at[static_cast<size_t>(axis)] = expected;
      ASSERT_TRUE(same_bytes(y, i, x, position_of(x.op.shape, at))) << k->name << " " << i;
    }
  }
}

TEST(TopK, AxesTypesAndTies) {
  Rng rng(1);
  for (const Shape& shape : {Shape{1}, Shape{17}, Shape{3, 40}, Shape{2, 33, 5}, Shape{4, 1, 3}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (DType t : {DType::f32, DType::f64, DType::u8, DType::i32, DType::i64}) {
        for (int64_t k : {int64_t{0}, int64_t{1}, (shape[axis] + 1) / 2, shape[axis]}) {
          for (bool largest : {true, false}) {
            // Whole numbers from -9 to 9 (floats: rounded): many are equal.
            Tensor x = random_of(rng, t, shape);
            for (int64_t i = 0; i < x.count(); ++i) set(x, i, std::round(get(x, i)));
            check(step_of(x, axis, k, largest), axis, largest);
          }
        }
      }
    }
  }
}

TEST(TopK, NanComesLast) {
  Tensor x = tensor(DType::f32, {6});
  const float nan = std::nanf(""), values[] = {nan, 1, -2, nan, 5, -INFINITY};
  fill<float>(x, [&](int64_t i) { return values[i]; });
  for (bool largest : {true, false}) {
    TestStep s = step_of(x, 0, 6, largest);
    check(s, 0, largest);
    EXPECT_EQ(get_int(s.out[1], 4), 0);
    EXPECT_EQ(get_int(s.out[1], 5), 3);
  }
}

TEST(TopK, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("topk",
                              {step_of(random_of(rng, DType::f32, {3, 14, 5}), 1, 4, true),
                               step_of(random_of(rng, DType::u8, {40}), 0, 40, false)},
                              30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
