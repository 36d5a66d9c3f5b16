#include "device/kernels/range/range.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(DType t, double start, double delta, int64_t n) {
  TestStep s;
  s.in = {tensor(t, {}), tensor(t, {1})};
  set(s.in[0], 0, start), set(s.in[1], 0, delta);
  s.out = {tensor(t, {n})};
  return s;
}

TEST(Range, TypesAndLengths) {
  for (DType t : {DType::f32, DType::f64, DType::i16, DType::i32, DType::i64}) {
    for (int64_t n : {0, 1, 7, 4096, 10007}) {
      const double start = is_float(t) ? 0.5 : -3, delta = is_float(t) ? -0.25 : 3;
      TestStep s = step_of(t, start, delta, n);
      for (const Kernel* k : kernels_of("range")) {
        Outcome o = run_kernel(*k, s);
        ASSERT_EQ(o.refused, nullptr) << o.refused;
        EXPECT_EQ(o.problem, "");
        for (int64_t i = 0; i < n; ++i) {
          ASSERT_EQ(get(s.out[0], i), start + static_cast<double>(i) * delta) << name(t) << i;
        }
      }
    }
  }
}

TEST(Range, IntegersWrap) {
  TestStep s = step_of(DType::i64, 0, 1, 3);
  s.in[0].at<int64_t>(0) = INT64_MAX;
  for (const Kernel* k : kernels_of("range")) {
    EXPECT_EQ(run_kernel(*k, s).problem, "");
    EXPECT_EQ(get_int(s.out[0], 1), INT64_MIN);
  }
}

TEST(Range, HostileSteps) {
  EXPECT_EQ(try_hostile_steps(
                "range", {step_of(DType::f32, 1, 2, 50), step_of(DType::i64, 1, 2, 50)}, 10000),
            "");
}

}  // namespace
}  // namespace hone::kernels
