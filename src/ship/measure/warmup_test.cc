// When warm-up ends, on a simulated clock.
#include "ship/measure/warmup.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ship/measure/testing/simulated.h"

namespace hone::ship {
namespace {

using testing::ms;
using testing::second;
using testing::SimulatedTime;
using testing::SimulatedWork;
using testing::us;

WarmUp warmed(const std::function<int64_t(int64_t)>& service, int64_t cap = 30 * second,
              int64_t period = 0) {
  SimulatedTime time;
  SimulatedWork work(time, service);
  auto w = warm_up(time, work, cap, period);
  EXPECT_TRUE(w.ok());
  return *w;
}

TEST(WarmUp, SteadyRunsEndItAfterTwoWindows) {
  const WarmUp w = warmed([](int64_t) { return ms; });
  EXPECT_TRUE(w.steady);
  EXPECT_EQ(w.runs, 100);  // two windows of 50 ms
  EXPECT_DOUBLE_EQ(w.seconds, 0.1);
  EXPECT_EQ(w.typical_ns, ms);
  EXPECT_EQ(w.why, "");
  EXPECT_EQ(warmed([](int64_t) { return 100 * ms; }).runs, 20);  // two windows of ten runs
}

// 5 ms that shrink by 1 % a run until 1 ms, after 160 runs: not before that is over.
TEST(WarmUp, LastsAsLongAsRunsGetFaster) {
  const WarmUp w = warmed(
      [](int64_t i) { return static_cast<int64_t>(std::max(5e6 * std::pow(0.99, i), 1e6)); });
  EXPECT_TRUE(w.steady);
  EXPECT_GT(w.runs, 160 + 50);
  EXPECT_LT(w.runs, 160 + 200);
}

// One run of 50 that takes fifty times as long does not make the rest unsteady.
TEST(WarmUp, IsNotMovedByOutliers) {
  EXPECT_TRUE(warmed([](int64_t i) { return i % 50 == 7 ? 50 * ms : ms; }).steady);
}

TEST(WarmUp, NeverSteadyEndsAtTheCapAndSaysWhatItSaw) {
  // Scattered evenly by +-20 %: the spread never goes below 2.5 %.
  const WarmUp scattered = warmed([](int64_t i) { return ms + (i * 7919 % 401 - 200) * us; });
  EXPECT_FALSE(scattered.steady);
  EXPECT_NEAR(scattered.seconds, 30, 0.01);
  EXPECT_NE(scattered.why.find("never steady in 30.0 s"), std::string::npos) << scattered.why;
  EXPECT_NE(scattered.why.find("limit 2.5 %"), std::string::npos);
  // Growing by 0.1 % a run: windows are quiet in themselves, their medians part.
  const WarmUp grows = warmed(
      [](int64_t i) { return static_cast<int64_t>(1e6 * std::pow(1.001, i % 5000)); }, 4 * second);
  EXPECT_FALSE(grows.steady);
}

TEST(WarmUp, TooFewRunsAreNotCalledUnsteady) {
  const WarmUp w = warmed([](int64_t) { return second; }, 5 * second);
  EXPECT_FALSE(w.steady);
  EXPECT_EQ(w.runs, 5);
  EXPECT_EQ(w.why,
            "not known to be steady: only 5 runs fitted into the 5.0 s of warm-up; give a longer "
            "--max-warmup");
}

TEST(WarmUp, NoneWhereNoneIsAllowed) {
  const WarmUp w = warmed([](int64_t) { return ms; }, 0);
  EXPECT_EQ(w.runs, 0);
  EXPECT_FALSE(w.steady);
}

TEST(WarmUp, IsPacedWhereTheMeasurementIs) {
  const WarmUp w = warmed([](int64_t) { return 2 * ms; }, 30 * second, 50 * ms);
  EXPECT_TRUE(w.steady);
  EXPECT_EQ(w.runs, 20);
  EXPECT_NEAR(w.seconds, 20 * 0.05, 0.01);
}

}  // namespace
}  // namespace hone::ship
