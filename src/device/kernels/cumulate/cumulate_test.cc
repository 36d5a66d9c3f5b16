#include "device/kernels/cumulate/cumulate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& shape, CumulateAttrs a) {
  TestStep s;
  s.attrs = words(a);
  s.in = {random_of(rng, t, shape)};
  s.out = {tensor(t, shape)};
  return s;
}

void check(const TestStep& s, const CumulateAttrs& a) {
  const Tensor &x = s.in[0], &y = s.out[0];
  const Shape& shape = x.op.shape;
  for (const Kernel* k : kernels_of("cumulate")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      std::vector<int64_t> at = index_of(shape, i);
      int64_t& place = at[static_cast<size_t>(a.axis)];
      const int64_t own = place;
      double expected = a.product;
      auto whole = static_cast<uint64_t>(a.product);  // integers wrap
      for (int64_t j = 0; j < shape[a.axis]; ++j) {
        place = a.reverse ? shape[a.axis] - 1 - j : j;
        if (place == own && a.exclusive) break;
        const double v = get(x, position_of(shape, at));
        expected = a.product ? expected * v : expected + v;
        const auto w = static_cast<uint64_t>(static_cast<int64_t>(v));
        whole = a.product ? whole * w : whole + w;
        if (place == own) break;
      }
      if (is_integer(x.op.dtype)) {
        ASSERT_EQ(get_int(y, i), static_cast<int64_t>(whole)) << k->name << " " << i;
      } else {  // both in double; f32 is rounded once
        ASSERT_NEAR(get(y, i), expected, 1e-6 * std::abs(expected) + 1e-12) << k->name << " " << i;
      }
    }
  }
}

TEST(Cumulate, AxesAndDirections) {
  Rng rng(1);
  const Shape shapes[] = {{1}, {9}, {3, 7}, {2, 5, 3}, {2, 3, 64}, {2, 3, 65}, {0, 3}, {3, 0}};
  for (const Shape& shape : shapes) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      for (DType t : {DType::f32, DType::f64, DType::i64}) {
        for (int flags = 0; flags < 8; ++flags) {
          const CumulateAttrs a{axis, flags & 1, flags >> 1 & 1, flags >> 2};
          check(step_of(rng, t, shape, a), a);
        }
      }
    }
  }
}

TEST(Cumulate, BytesWrap) {
  TestStep s;
  s.attrs = words(CumulateAttrs{0, 0, 0, 0});
  s.in = {tensor(DType::u8, {3})};
  for (int64_t i = 0; i < 3; ++i) set(s.in[0], i, 200);
  s.out = {tensor(DType::u8, {3})};
  ASSERT_EQ(run_kernel(*find_kernel("cumulate_any_portable"), s).refused, nullptr);
  EXPECT_EQ(get_int(s.out[0], 1), 144);
  EXPECT_EQ(get_int(s.out[0], 2), 88);
}

TEST(Cumulate, HostileSteps) {
  Rng rng(3);
  TestStep computed = step_of(rng, DType::f32, {3, 4, 5}, {0, 0, 0, 0});
  computed.dims = {2};
  EXPECT_EQ(try_hostile_steps("cumulate",
                              {computed, step_of(rng, DType::f32, {3, 4, 5}, {1, 0, 1, 0}),
                               step_of(rng, DType::i8, {4, 100}, {0, 1, 0, 1})},
                              30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
