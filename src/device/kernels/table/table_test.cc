#include "device/kernels/table/table.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels::testing {
namespace {

TestStep step_of(Rng& rng, DType x, DType y, const Shape& shape, int x_gap = 0, int y_gap = 0) {
  TestStep s;
  s.in = {tensor(x, shape, x_gap), random_bytes(rng, y, {256})};
  // Every byte at every place of a vector, sooner or later.
  for (int64_t i = 0; i < s.in[0].count(); ++i) {
    s.in[0].at<uint8_t>(i) = static_cast<uint8_t>(random_int(rng, 0, 255));
  }
  s.out = {tensor(y, shape, y_gap)};
  return s;
}

TEST(Table, EveryKernelLooksUpEveryByte) {
  Rng rng(1);
  for (const Shape& shape : {Shape{256}, Shape{1}, Shape{3, 5}, Shape{2, 3, 64}, Shape{7, 129},
                             Shape{5, 63}, Shape{2, 5000}, Shape{0, 4}}) {
    for (int gap : {0, 3}) {
      for (DType t : {DType::u8, DType::i8}) {
        const TestStep s =
            step_of(rng, t, t == DType::u8 ? DType::i8 : DType::u8, shape, gap, 2 * gap);
        for (const Kernel* k : kernels_of("table")) {
          const Outcome o = run_kernel(*k, s);
          ASSERT_EQ(o.refused, nullptr) << o.refused;
          EXPECT_EQ(o.problem, "") << k->name;
          for (int64_t i = 0; i < s.out[0].count(); ++i) {
            ASSERT_EQ(s.out[0].at<uint8_t>(i), s.in[1].at<uint8_t>(s.in[0].at<uint8_t>(i)))
                << k->name << " " << i;
          }
        }
      }
    }
  }
}

TEST(Table, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(try_hostile_steps("table",
                              {step_of(rng, DType::u8, DType::u8, {3, 5, 7}),
                               step_of(rng, DType::i8, DType::u8, {4, 70}, 3, 5)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels::testing
