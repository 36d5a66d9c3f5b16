#include "device/kernels/argpool/argpool.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng) {
  TestStep s;
  s.attrs = words(ArgpoolAttrs{{1, 2, 3}, {1, 2, 1}, {1, 1, 2}, {0, 1, 2}, 0});
  s.in = {random_of(rng, DType::f32, {2, 3, 1, 5, 6})};
  s.out = {tensor(DType::f32, {2, 3, 1, 3, 6}), tensor(DType::i64, {2, 3, 1, 3, 6})};
  return s;
}

// NaN is larger than all and stays; a window of padding alone has no place.
TEST(Argpool, NaNAndNothing) {
  TestStep s;
  s.attrs = words(ArgpoolAttrs{{1, 1, 1}, {1, 1, 2}, {1, 1, 1}, {0, 0, 2}, 0});
  s.in = {tensor(DType::f32, {1, 1, 1, 1, 4})};
  fill<float>(s.in[0], [](int64_t i) { return i == 0 ? __builtin_nanf("") : float(i); });
  s.out = {tensor(DType::f32, {1, 1, 1, 1, 3}), tensor(DType::i64, {1, 1, 1, 1, 3})};
  const Outcome o = run_kernel(*kernels_of("argpool")[0], s);
  ASSERT_EQ(o.refused, nullptr) << o.refused;
  EXPECT_EQ(get_int(s.out[1], 0), -1);
  EXPECT_EQ(get(s.out[0], 0), -double{__builtin_inff()});
  EXPECT_EQ(get_int(s.out[1], 1), 0);
  EXPECT_TRUE(get(s.out[0], 1) != get(s.out[0], 1));
  EXPECT_EQ(get_int(s.out[1], 2), 2);
}

TEST(Argpool, MutationsAreRefusedOrSafe) {
  Rng rng(1);
  EXPECT_EQ(try_hostile_steps("argpool", {step_of(rng)}, 4000), "");
}

}  // namespace
}  // namespace hone::kernels
