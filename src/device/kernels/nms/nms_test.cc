#include "device/kernels/nms/nms.h"

#include <gtest/gtest.h>

#include <algorithm>

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
    const std::vector<int64_t> before = rows;
    rows.clear();
    for (int64_t i = 0; i < get_int(s.out[1], 0); ++i) {
      EXPECT_EQ(get_int(s.out[0], i * 3), 0);
      rows.push_back(get_int(s.out[0], i * 3 + 1) * 100 + get_int(s.out[0], i * 3 + 2));
    }
    if (k != kernels_of("nms").front()) {
      EXPECT_EQ(rows, before) << k->name;
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

// What the text says, box by box.
std::vector<int64_t> expected(const std::vector<float>& b, const std::vector<float>& scores,
                              int64_t most, float overlap, float threshold) {
  std::vector<size_t> order;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > threshold) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return scores[i] > scores[j]; });
  std::vector<int64_t> rows;
  for (size_t i : order) {
    bool hidden = static_cast<int64_t>(rows.size()) >= most;
    for (int64_t row : rows) {
      const float *p = &b[i * 4], *q = &b[static_cast<size_t>(row) * 4];
      const float h = std::min(p[2], q[2]) - std::max(p[0], q[0]);
      const float w = std::min(p[3], q[3]) - std::max(p[1], q[1]);
      const float sum = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]);
      hidden |= h > 0 && w > 0 && w * h / (sum - w * h) > overlap;
    }
    if (!hidden) rows.push_back(static_cast<int64_t>(i));
  }
  return rows;
}

TEST(Nms, ManyBoxes) {
  Rng rng(3);
  for (int n : {1, 15, 16, 17, 90}) {
    for (float overlap : {0.05f, 0.3f, 0.9f}) {
      std::vector<float> boxes, scores;
      for (int i = 0; i < n; ++i) {
        const auto y = static_cast<float>(random_int(rng, 0, 40));
        const auto x = static_cast<float>(random_int(rng, 0, 40));
        const auto size = static_cast<float>(random_int(rng, 0, 16));  // 0: hides nothing
        boxes.insert(boxes.end(), {y, x, y + size, x + 8});
        scores.push_back(static_cast<float>(random_int(rng, 0, 30)) / 30);
      }
      EXPECT_EQ(kept(step_of(boxes, scores, 1, n, overlap, 0.1f)),
                expected(boxes, scores, n, overlap, 0.1f));
    }
  }
}

TEST(Nms, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("nms", {step_of(three, {0.5f, 0.9f, 0.7f}, 1, 2, 0.5f, 0)}, 30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
