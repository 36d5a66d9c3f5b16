#include "device/kernels/random/random.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Random kind, DType t) {
  TestStep s;
  s.attrs = words(RandomAttrs{kind, 7, 1, 0.25f, 2.0f});
  if (kind == Random::bernoulli) {
    s.in = {tensor(t, {5000})};
    fill<float>(s.in[0], [](int64_t i) { return i < 2500 ? 0.25f : 1.0f; });
  }
  s.out = {tensor(kind == Random::bernoulli ? DType::boolean : t, {5000})};
  return s;
}

void run(const TestStep& s) {
  const Outcome o = run_kernel(*kernels_of("random")[0], s);
  ASSERT_EQ(o.refused, nullptr) << o.refused;
  EXPECT_EQ(o.problem, "");
}

// Means of 5,000 numbers: limits of 5 standard errors.
TEST(Random, IsDistributedAsAsked) {
  const TestStep uniform = step_of(Random::uniform, DType::f32);
  run(uniform);
  double sum = 0;
  for (int64_t i = 0; i < 5000; ++i) {
    const double v = get(uniform.out[0], i);
    ASSERT_TRUE(v >= 0.25 && v <= 2);
    sum += v;
  }
  EXPECT_NEAR(sum / 5000, 1.125, 5 * 1.75 / 3.4641 / 70.7);
  const TestStep normal = step_of(Random::normal, DType::f64);
  run(normal);
  double total = 0, squares = 0;
  for (int64_t i = 0; i < 5000; ++i) {
    const double v = get(normal.out[0], i) - 0.25;
    total += v, squares += v * v;
  }
  EXPECT_NEAR(total / 5000, 0, 5 * 2 / 70.7);
  EXPECT_NEAR(squares / 5000, 4, 5 * 4 * 1.4142 / 70.7);
}

// A chance of 1 always comes true, one of a quarter in a quarter of the places.
TEST(Random, Chances) {
  const TestStep s = step_of(Random::bernoulli, DType::f32);
  run(s);
  int64_t some = 0;
  for (int64_t i = 0; i < 2500; ++i) some += get_int(s.out[0], i);
  EXPECT_NEAR(static_cast<double>(some), 625, 5 * 21.7);
  for (int64_t i = 2500; i < 5000; ++i) ASSERT_EQ(get_int(s.out[0], i), 1);
}

TEST(Random, MutationsAreRefusedOrSafe) {
  EXPECT_EQ(
      try_hostile_steps("random",
                        {step_of(Random::uniform, DType::f32), step_of(Random::normal, DType::f64),
                         step_of(Random::bernoulli, DType::f32)},
                        2000),
      "");
}

}  // namespace
}  // namespace hone::kernels
