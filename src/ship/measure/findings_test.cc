#include "ship/measure/findings.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

constexpr int64_t ms = 1'000'000;

// 2,000 frames, one every 10 ms, of `infer(i)` us after waiting `wait(i)` us.
template <class Infer, class Wait>
Record paced(Infer infer, Wait wait) {
  Record r(Parts::infer);
  for (int64_t i = 0; i < 2000; ++i) {
    const int64_t w = wait(i) * 1000, t = infer(i) * 1000;
    r.add({i * 10 * ms, w + t, w, 0, t, 0});
  }
  return r;
}

TEST(Findings, PartsHaveFiguresAndClaimsOfTheirOwn) {
  const Findings f = find(
      paced([](int64_t i) { return 1000 + i * 7919 % 100; }, [](int64_t i) { return i % 2 * 500; }),
      false);
  EXPECT_EQ(f.latency_ms.samples, 2000);
  EXPECT_NEAR(f.infer_ms->mean, 1.05, 0.01);
  EXPECT_NEAR(f.wait_ms->mean, 0.25, 0.01);
  EXPECT_NEAR(f.latency_ms.mean, 1.3, 0.01);
  EXPECT_FALSE(f.preprocess_ms);
  ASSERT_EQ(f.claims.size(), 5u);
  ASSERT_EQ(f.infer_claims.size(), 5u);
  EXPECT_LT(f.infer_claims[1].interval->interval.high, 1.1);
  EXPECT_GT(f.claims[1].interval->interval.low, 1.5);
  EXPECT_TRUE(f.infer_claims[3].bound_ms);
  EXPECT_FALSE(f.infer_claims[4].bound_ms);  // p99.9 needs 6,636
}

// A queue that grows is no machine that slows down, and waiting is no second mode of the engine.
TEST(Findings, WaitingIsNeitherDriftNorAMode) {
  const Findings f = find(paced([](int64_t i) { return 1000 + i * 7919 % 20; },
                                [](int64_t i) { return i % 2 * 3000 + i; }),
                          false);
  EXPECT_FALSE(f.drift.notable());
  EXPECT_FALSE(f.modes.bimodal);
  const Findings slower =
      find(paced([](int64_t i) { return 1000 + i / 10; }, [](int64_t) { return 0; }), false);
  EXPECT_TRUE(slower.drift.notable());
  EXPECT_NEAR(slower.drift.percent, 18, 2);  // 200 us of the median's 1,100
}

TEST(Findings, WarningsSayWhatToDo) {
  const Record two = paced([](int64_t i) { return (i / 500 % 2 == 0 ? 1000 : 1400) + i % 20; },
                           [](int64_t) { return 0; });
  const auto said = warnings_of(find(two, false), two);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("two typical latencies, 1.0"), std::string::npos) << said[0];
  EXPECT_NE(said[0].find("changing 3 times"), std::string::npos) << said[0];
  Record many(Parts::none, 100);
  for (int64_t i = 0; i < 1000; ++i) many.add({i, ms + i % 3, 0, 0, 0, 0});
  const auto thinned = warnings_of(find(many, false), many);
  ASSERT_EQ(thinned.size(), 1u);
  EXPECT_NE(thinned[0].find("one of every 16 drawn at random"), std::string::npos) << thinned[0];
}

TEST(Findings, OfNothing) {
  const Findings f = find(Record(), true);
  EXPECT_EQ(f.latency_ms.samples, 0);
  EXPECT_TRUE(f.timeline.empty());
  EXPECT_TRUE(warnings_of(f, Record()).empty());
}

}  // namespace
}  // namespace hone::ship
