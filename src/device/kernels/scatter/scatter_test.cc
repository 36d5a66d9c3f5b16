#include "device/kernels/scatter/scatter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, int axis, const Shape& index, Scatter reduction,
                 DType index_type = DType::i64) {
  TestStep s;
  s.attrs = words(ScatterAttrs{axis, reduction});
  Shape updates = index;
  if (axis < 0) {
    updates = {};
    for (int i = 0; i + 1 < index.rank(); ++i) updates.push(index[i]);
    for (int i = static_cast<int>(index.back()); i < x.rank(); ++i) updates.push(x[i]);
  }
  Tensor indices = tensor(index_type, index);
  for (int64_t i = 0; i < indices.count(); ++i) set(indices, i, random_int(rng, -7, 7));
  s.in = {random_of(rng, t, x), indices, random_of(rng, t, updates)};
  s.out = {tensor(t, x)};
  return s;
}

double reduced(Scatter r, double a, double b) {
  switch (r) {
    case Scatter::write: return b;
    case Scatter::add: return a + b;
    case Scatter::mul: return a * b;
    case Scatter::max: return std::max(a, b);
    case Scatter::min: return std::min(a, b);
  }
  return 0;
}

// Element of x that update `i` goes to.
int64_t target(const TestStep& s, int axis, int64_t i) {
  const Shape &x = s.in[0].op.shape, &index = s.in[1].op.shape, &updates = s.in[2].op.shape;
  auto inside = [](int64_t v, int64_t size) {
    return std::clamp<int64_t>(v < 0 ? v + size : v, 0, size - 1);
  };
  std::vector<int64_t> at = index_of(updates, i), to;
  if (axis >= 0) {
    auto& place = at[static_cast<size_t>(axis)];
    place = inside(get_int(s.in[1], i), x[axis]);
    return position_of(x, at);
  }
  const int lead = index.rank() - 1;
  std::vector<int64_t> tuple(at.begin(), at.begin() + lead);
  tuple.push_back(0);
  for (int d = 0; d < index.back(); ++d) {
    tuple.back() = d;
    to.push_back(inside(get_int(s.in[1], position_of(index, tuple)), x[d]));
  }
  to.insert(to.end(), at.begin() + lead, at.end());
  return position_of(x, to);
}

void check(const TestStep& s, int axis, Scatter reduction) {
  std::vector<double> expected;
  for (int64_t i = 0; i < s.in[0].count(); ++i) expected.push_back(get(s.in[0], i));
  for (int64_t i = 0; i < s.in[2].count(); ++i) {
    double& v = expected[static_cast<size_t>(target(s, axis, i))];
    v = reduced(reduction, v, get(s.in[2], i));
  }
  for (const Kernel* k : kernels_of("scatter")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (size_t i = 0; i < expected.size(); ++i) {
      // Few updates meet in one place; f32 rounds each of them.
      ASSERT_NEAR(get(s.out[0], static_cast<int64_t>(i)), expected[i],
                  1e-5 * std::max(1.0, std::abs(expected[i])))
          << k->name << " " << i;
    }
  }
}

TEST(Scatter, AxesTuplesAndReductions) {
  Rng rng(1);
  struct Shapes {
    Shape x, index;
    int axis;
  };
  const Shapes all[] = {{{5}, {3}, 0},
                        {{4, 6}, {2, 9}, 1},
                        {{4, 6}, {7, 3}, 0},
                        {{3, 4, 5}, {2, 3, 5}, 1},
                        {{3, 4, 5}, {0, 4, 5}, 0},
                        {{5}, {3, 1}, -1},
                        {{4, 6}, {2}, -1},
                        {{4, 6}, {3, 2, 1}, -1},
                        {{3, 4, 5}, {7, 3}, -1},
                        {{2, 9000}, {1, 1}, -1},
                        {{3, 4}, {2, 0}, -1},
                        {{3, 4}, {0, 1}, -1}};
  for (const Shapes& c : all) {
    for (DType t : {DType::f32, DType::f64, DType::i32, DType::i64}) {
      for (int r = 0; r < scatter_end; ++r) {
        const auto reduction = static_cast<Scatter>(r);
        const DType of_index = r % 2 == 0 ? DType::i64 : DType::i32;
        check(step_of(rng, t, c.x, c.axis, c.index, reduction, of_index), c.axis, reduction);
      }
    }
    for (DType t : {DType::u8, DType::boolean}) {
      check(step_of(rng, t, c.x, c.axis, c.index, Scatter::write), c.axis, Scatter::write);
    }
  }
}

TEST(Scatter, IntegersWrap) {
  for (Scatter r : {Scatter::add, Scatter::mul}) {
    TestStep s;
    s.attrs = words(ScatterAttrs{0, r});
    s.in = {tensor(DType::u16, {1}), tensor(DType::i64, {2}), tensor(DType::u16, {2})};
    set(s.in[0], 0, 65535);
    for (int64_t i = 0; i < 2; ++i) set(s.in[1], i, 0), set(s.in[2], i, 65535);
    s.out = {tensor(DType::u16, {1})};
    Outcome o = run_kernel(*find_kernel("scatter_any_portable"), s);
    ASSERT_EQ(o.refused, nullptr);
    EXPECT_EQ(get_int(s.out[0], 0), r == Scatter::add ? 65533 : 65535);
  }
}

TEST(Scatter, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(
      try_hostile_steps("scatter",
                        {step_of(rng, DType::f32, {3, 4, 5}, 1, {3, 2, 5}, Scatter::add),
                         step_of(rng, DType::u8, {3, 4}, -1, {5, 1}, Scatter::write, DType::i32),
                         step_of(rng, DType::i64, {3, 4}, -1, {5, 2}, Scatter::max)},
                        30000),
      "");
}

}  // namespace
}  // namespace hone::kernels
