#include "device/kernels/select/select.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& c, const Shape& a, const Shape& b,
                 const Shape& y) {
  TestStep s;
  s.in = {random_of(rng, DType::boolean, c), random_bytes(rng, t, a), random_bytes(rng, t, b)};
  s.out = {tensor(t, y)};
  return s;
}

void check(const TestStep& s) {
  const Tensor& y = s.out[0];
  for (const Kernel* k : kernels_of("select")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      bool c = get(s.in[0], broadcast_position(s.in[0].op.shape, y.op.shape, i)) != 0;
      const Tensor& from = s.in[c ? 1 : 2];
      ASSERT_TRUE(same_bytes(y, i, from, broadcast_position(from.op.shape, y.op.shape, i)))
          << k->name << " element " << i << " of " << text(y.op.shape) << name(y.op.dtype);
    }
  }
}

TEST(Select, TypesAndBroadcasts) {
  Rng rng(1);
  const Shape shapes[][4] = {{{5003}, {5003}, {5003}, {5003}},
                             {{5003}, {}, {5003}, {5003}},
                             {{5003}, {5003}, {1}, {5003}},
                             {{}, {7, 3}, {3}, {7, 3}},
                             {{4, 1}, {1, 5}, {}, {4, 5}},
                             {{}, {}, {}, {}},
                             {{0}, {1}, {0}, {0}},
                             {{2, 1, 5}, {3, 1}, {2, 3, 5}, {2, 3, 5}},
                             {{1, 1, 16, 16}, {2, 4, 16, 16}, {}, {2, 4, 16, 16}}};
  for (DType t :
       {DType::f32, DType::f64, DType::i64, DType::f16, DType::u8, DType::boolean, DType::c128}) {
    for (const auto& s : shapes) check(step_of(rng, t, s[0], s[1], s[2], s[3]));
  }
}

TEST(Select, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(try_hostile_steps("select",
                              {step_of(rng, DType::f32, {4, 1}, {1, 5}, {}, {4, 5}),
                               step_of(rng, DType::u8, {7}, {7}, {7}, {7})},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
