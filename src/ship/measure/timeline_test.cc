#include "ship/measure/timeline.h"

#include <gtest/gtest.h>

#include <numeric>

namespace hone::ship {
namespace {

struct Series {
  std::vector<int64_t> at;
  std::vector<double> ms;
};
Series every(int64_t step_ns, int n) {
  Series s;
  for (int i = 0; i < n; ++i) s.at.push_back(i * step_ns), s.ms.push_back(1 + i % 10);
  return s;
}

TEST(Timeline, StretchesOfEqualLength) {
  const Series s = every(1'000'000, 24'000);
  const auto t = timeline(s.at, s.ms);
  ASSERT_EQ(t.size(), 240u);
  int64_t n = 0;
  for (size_t i = 0; i < t.size(); ++i) {
    n += t[i].n;
    EXPECT_NEAR(t[i].t_s, 0.05 + 0.1 * static_cast<double>(i), 1e-3);
    EXPECT_EQ(t[i].min_ms, 1);
    EXPECT_EQ(t[i].p50_ms, 5);
    EXPECT_EQ(t[i].max_ms, 10);
  }
  EXPECT_EQ(n, 24'000);
}

TEST(Timeline, FewSamplesAndGaps) {
  EXPECT_TRUE(timeline({}, {}).empty());
  const std::vector<int64_t> at = {0, 1, 1000};
  const std::vector<double> ms = {1, 3, 2};
  const auto t = timeline(at, ms);
  ASSERT_EQ(t.size(), 2u);
  EXPECT_EQ(t[0].n, 2);
  EXPECT_EQ(t[1].n, 1);
  EXPECT_EQ(to_json(t)[1]["p50_ms"], 2);
}

TEST(Histogram, HoldsEverySampleOnce) {
  std::vector<double> v;
  for (int i = 0; i < 10'000; ++i) v.push_back(1 + i * 1e-4);
  v.push_back(50);
  const Histogram h = histogram(v);
  ASSERT_EQ(h.edges_ms.size(), h.counts.size() + 1);
  EXPECT_EQ(std::accumulate(h.counts.begin(), h.counts.end(), int64_t{0}), 10'001);
  EXPECT_EQ(h.edges_ms.front(), 1);
  EXPECT_EQ(h.edges_ms.back(), 50);
  EXPECT_NEAR(static_cast<double>(h.counts.back()), 100, 1);  // beyond the 99th percentile
  for (size_t i = 1; i < h.edges_ms.size(); ++i) EXPECT_LT(h.edges_ms[i - 1], h.edges_ms[i]);
  for (size_t i = 0; i + 2 < h.counts.size(); ++i)
    EXPECT_NEAR(static_cast<double>(h.counts[i]), 9901.0 / static_cast<double>(h.counts.size() - 1),
                2);
}

TEST(Histogram, EqualSamplesAreOneBin) {
  EXPECT_TRUE(histogram({}).counts.empty());
  const Histogram h = histogram(std::vector<double>(50, 2.0));
  EXPECT_EQ(h.counts, std::vector<int64_t>{50});
  EXPECT_LT(h.edges_ms[0], h.edges_ms[1]);
}

// 31.5 minutes at 10 a second, slower from minute 6 on.
TEST(Minutes, OneFiveThirtyAndTheLast) {
  Series s = every(100'000'000, 31 * 600 + 300);
  for (size_t i = 5 * 600; i < s.ms.size(); ++i) s.ms[i] *= 2;
  const auto m = minutes(s.at, s.ms);
  ASSERT_EQ(m.size(), 4u);
  EXPECT_EQ(m[0].minute, 1);
  EXPECT_EQ(m[1].minute, 5);
  EXPECT_EQ(m[2].minute, 30);
  EXPECT_EQ(m[3].minute, 31);
  EXPECT_EQ(m[1].p50_ms, 5);
  EXPECT_EQ(m[2].p50_ms, 10);
  EXPECT_EQ(m[2].n, 600);
  EXPECT_TRUE(to_json(m)[0]["p99_ms"].is_null());  // 600 of 662
  const Series short_one = every(100'000'000, 1190);
  EXPECT_EQ(minutes(short_one.at, short_one.ms).size(), 2u);  // two minutes but a second
  EXPECT_TRUE(minutes(std::span(short_one.at).subspan(0, 700), short_one.ms).empty());
}

}  // namespace
}  // namespace hone::ship
