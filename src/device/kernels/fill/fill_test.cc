#include "device/kernels/fill/fill.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Fill mode, uint64_t value, DType t, const Shape& y, std::vector<int64_t> dims) {
  TestStep s;
  s.attrs = words(FillAttrs{mode, static_cast<int32_t>(value), static_cast<int32_t>(value >> 32)});
  s.out = {tensor(t, y)};
  s.dims = std::move(dims);
  return s;
}

TEST(Fill, Value) {
  const uint64_t value = 0x0123456789abcdef;
  for (DType t : {DType::u8, DType::f16, DType::f32, DType::i64, DType::boolean}) {
    for (const Shape& y : {Shape{}, Shape{0}, Shape{3, 5}, Shape{9001}}) {
      TestStep s = step_of(Fill::value, value, t, y, {});
      for (const Kernel* k : kernels_of("fill")) {
        Outcome o = run_kernel(*k, s);
        ASSERT_EQ(o.refused, nullptr);
        EXPECT_EQ(o.problem, "");
        for (int64_t i = 0; i < y.count(); ++i) {
          auto* at = s.out[0].data<char>() + i * bits(t) / 8;
          ASSERT_EQ(std::memcmp(at, &value, static_cast<size_t>(bits(t) / 8)), 0);
        }
      }
    }
  }
}

TEST(Fill, Dims) {
  for (DType t : {DType::i64, DType::i32}) {
    TestStep s = step_of(Fill::dims, 0, t, {4}, {7, -1, 0, 12345678});
    for (const Kernel* k : kernels_of("fill")) {
      Outcome o = run_kernel(*k, s);
      ASSERT_EQ(o.refused, nullptr);
      EXPECT_EQ(o.problem, "");
      for (int64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(get_int(s.out[0], i), s.dims[static_cast<size_t>(i)]);
      }
    }
  }
}

TEST(Fill, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("fill",
                              {step_of(Fill::value, 1, DType::f32, {3, 5}, {}),
                               step_of(Fill::dims, 0, DType::i64, {3}, {1, 2, 3})},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
