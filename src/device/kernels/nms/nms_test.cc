#include "device/kernels/nms/nms.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(const std::vector<float>& boxes, const std::vector<float>& scores, int64_t classes,
                 int64_t most, float overlap, float threshold, bool center = false) {
  const auto n = static_cast<int64_t>(boxes.size() / 4);
  const auto floats = [](const Shape& shape, const std::vector<float>& from) {
    Tensor t = tensor(DType::f32, shape);
    fill<float>(t, [&](int64_t i) { return from[static_cast<size_t>(i)]; });
    return t;
  };
  TestStep s;
  s.attrs = words(NmsAttrs{center ? 1 : 0});
  s.in = {floats({1, n, 4}, boxes), floats({1, classes, n}, scores), floats({1}, {overlap}),
          floats({}, {threshold})};
  s.out = {tensor(DType::i64, {classes * most, 3}), tensor(DType::i64, {})};
  s.dims = {most};
  return s;
}

// The rows kept, as class * 100 + box.
std::vector<int64_t> kept(const TestStep& s) {
  std::vector<int64_t> rows;
  for (const Kernel* k : kernels_of("nms")) {
    Outcome o = run_kernel(*k, s);
    EXPECT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    rows.clear();
    for (int64_t i = 0; i < get_int(s.out[1], 0); ++i) {
      EXPECT_EQ(get_int(s.out[0], i * 3), 0);
      rows.push_back(get_int(s.out[0], i * 3 + 1) * 100 + get_int(s.out[0], i * 3 + 2));
    }
  }
  return rows;
}

// Two nearly the same, one of them with its corners the other way round, and one apart.
const std::vector<float> three = {0, 0, 10, 10, 11, 10, 0, 0, 0, 20, 10, 30};
using Rows = std::vector<int64_t>;

TEST(Nms, HidesWhatOverlapsABetterOne) {
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.9f, 0.7f}, 1, 3, 0.5f, 0)), (Rows{1, 2}));
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.9f, 0.7f}, 1, 3, 0.95f, 0)), (Rows{1, 2, 0}));
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.9f, 0.7f}, 1, 1, 0.5f, 0)), (Rows{1}));
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.9f, 0.7f}, 1, 3, 0.5f, 0.8f)), (Rows{1}));
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.9f, 0.7f}, 1, 3, 0.5f, 0.9f)), Rows{});
}

TEST(Nms, EqualScoresGoByNumber) {
  EXPECT_EQ(kept(step_of(three, {0.5f, 0.5f, 0.5f}, 1, 3, 0.5f, 0)), (Rows{0, 2}));
}

TEST(Nms, ClassesAreApart) {
  EXPECT_EQ(kept(step_of(three, {0.1f, 0.2f, 0.3f, 0.9f, 0.8f, 0}, 2, 3, 0.5f, 0.05f)),
            (Rows{2, 1, 100}));
}

TEST(Nms, CentersAndSizes) {
  // x y width height of the same boxes.
  EXPECT_EQ(kept(step_of({5, 5, 10, 10, 5, 5.5f, 10, 11, 25, 5, 10, 10}, {0.5f, 0.9f, 0.7f}, 1, 3,
                         0.5f, 0, true)),
            (Rows{1, 2}));
}

TEST(Nms, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("nms", {step_of(three, {0.5f, 0.9f, 0.7f}, 1, 2, 0.5f, 0)}, 30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
