// Pacing on a simulated clock, with planted stalls: every figure is exact.
#include "ship/measure/rate.h"

#include <gtest/gtest.h>

#include "ship/measure/testing/simulated.h"

namespace hone::ship {
namespace {

using testing::ms;
using testing::second;
using testing::SimulatedTime;
using testing::SimulatedWork;

struct Ran {
  RateCount count;
  std::vector<Sample> samples;
  std::vector<int64_t> frames;
};

Ran paced(double per_second, int64_t duration, const std::function<int64_t(int64_t)>& service,
          bool drop = false, bool staged = false, int64_t late = 0) {
  SimulatedTime time;
  time.late = late;
  SimulatedWork work(time, service, staged);
  Ran r;
  auto count = run_rate(time, work, {duration, 11}, {per_second, drop},
                        [&](const Sample& s) { r.samples.push_back(s); });
  EXPECT_TRUE(count.ok());
  r.count = *count;
  r.frames = work.ran;
  // What holds for any run.
  EXPECT_EQ(r.count.scheduled, static_cast<int64_t>(r.samples.size()) + r.count.skipped);
  EXPECT_LE(r.count.longest_streak, r.count.misses);
  for (const Sample& s : r.samples)
    EXPECT_EQ(s.latency, s.wait + s.preprocess + s.infer + s.postprocess);
  return r;
}

TEST(Rate, FramesComeByTheScheduleWhateverTheyTake) {
  const Ran r = paced(20, 5 * second, [](int64_t i) { return (5 + i % 7) * ms; });
  ASSERT_EQ(r.samples.size(), 100u);
  EXPECT_EQ(r.count.scheduled, 100);
  EXPECT_EQ(r.count.misses, 0);
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(r.samples[static_cast<size_t>(i)].at, i * 50 * ms);
    EXPECT_EQ(r.samples[static_cast<size_t>(i)].latency, (5 + i % 7) * ms);
    EXPECT_EQ(r.samples[static_cast<size_t>(i)].wait, 0);
  }
}

// 30 frames a second do not divide a second: instants are rounded, not summed.
TEST(Rate, FractionsDoNotDrift) {
  const Ran r = paced(29.97, 1000 * second, [](int64_t) { return ms; });
  ASSERT_EQ(r.samples.size(), 29970u);
  EXPECT_NEAR(static_cast<double>(r.samples.back().at), 29969 / 29.97 * 1e9, 1);
}

// One stall of 450 ms at 10 frames a second: four frames wait behind it. Timed from when work on
// them could begin, only one of the 20 would have been slow.
TEST(Rate, AStallIsPaidForByAllThatWaited) {
  const Ran r = paced(10, 2 * second, [](int64_t i) { return i == 5 ? 450 * ms : 10 * ms; });
  std::vector<int64_t> latency;
  for (size_t i = 4; i < 11; ++i) latency.push_back(r.samples[i].latency / ms);
  EXPECT_EQ(latency, (std::vector<int64_t>{10, 450, 360, 270, 180, 90, 10}));
  EXPECT_EQ(r.count.misses, 4);
  EXPECT_EQ(r.count.longest_streak, 4);
  EXPECT_EQ(r.count.skipped, 0);
}

// The same stall on a device that takes the newest frame: 6 to 8 are dropped, 9 waits 50 ms.
TEST(Rate, ALatestFrameDeviceSkipsInstead) {
  const Ran r = paced(
      10, 2 * second, [](int64_t i) { return i == 5 ? 450 * ms : 10 * ms; }, true);
  EXPECT_EQ(r.count.skipped, 3);
  EXPECT_EQ(r.samples.size(), 17u);
  EXPECT_EQ(r.frames[5], 5);
  EXPECT_EQ(r.frames[6], 9);
  EXPECT_EQ(r.samples[6].latency, 60 * ms);
  EXPECT_EQ(r.count.misses, 4);  // 5 was late, 6 to 8 were never served
  EXPECT_EQ(r.count.longest_streak, 4);
}

TEST(Rate, TheDeadlineIsThePeriod) {
  EXPECT_EQ(paced(10, 2 * second, [](int64_t) { return 100 * ms; }).count.misses, 0);
  EXPECT_EQ(
      paced(10, 2 * second, [](int64_t i) { return i == 3 ? 100 * ms + 1 : ms; }).count.misses, 1);
}

// Misses that do not touch are streaks of their own.
TEST(Rate, StreaksEndWithAFrameInTime) {
  const Ran r = paced(10, 3 * second, [](int64_t i) {
    return i == 2 ? 210 * ms : i == 10 ? 350 * ms : 10 * ms;
  });
  EXPECT_EQ(r.count.longest_streak, 3);
  EXPECT_EQ(r.count.misses, 2 + 3);
}

// Twice too slow: frame i waits i periods more. All are served, in order.
TEST(Rate, OverloadGrowsWithoutBound) {
  const Ran r = paced(10, 2 * second, [](int64_t) { return 200 * ms; });
  ASSERT_EQ(r.samples.size(), 20u);
  for (size_t i = 0; i < 20; ++i)
    EXPECT_EQ(r.samples[i].latency, static_cast<int64_t>(i) * 100 * ms + 200 * ms);
  EXPECT_EQ(r.count.misses, 20);
  EXPECT_FALSE(r.count.gave_up);
}

// Ten times too slow: after three durations the rest counts as missed, not as never asked for.
TEST(Rate, AHopelessBacklogIsGivenUpAndCounted) {
  const Ran r = paced(100, second, [](int64_t) { return 100 * ms; });
  EXPECT_TRUE(r.count.gave_up);
  EXPECT_EQ(r.samples.size(), 31u);
  EXPECT_EQ(r.count.scheduled, 100);
  EXPECT_EQ(r.count.skipped, 69);
  EXPECT_EQ(r.count.misses, 100);
  EXPECT_EQ(r.count.longest_streak, 100);
}

// Dropping, each frame is at most a period old when work on it begins.
TEST(Rate, OverloadWithDroppingStaysBounded) {
  const Ran r = paced(
      100, 5 * second, [](int64_t) { return 34 * ms; }, true);
  for (const Sample& s : r.samples) EXPECT_LE(s.wait, 10 * ms);
  EXPECT_EQ(r.count.scheduled, 500);
  EXPECT_NEAR(static_cast<double>(r.samples.size()), 5000 / 34.0, 2);
  EXPECT_FALSE(r.count.gave_up);
}

TEST(Rate, ElevenSamplesHoweverSlow) {
  EXPECT_EQ(paced(2, second, [](int64_t) { return ms; }).samples.size(), 11u);
  const Ran dropping = paced(
      10, second, [](int64_t) { return 350 * ms; }, true);
  EXPECT_EQ(dropping.samples.size(), 11u);
  EXPECT_EQ(paced(100, 20 * ms, [](int64_t) { return 100 * ms; }).samples.size(), 11u);
  EXPECT_GT(dropping.count.scheduled, 30);
}

// What a timer adds belongs to the frame.
TEST(Rate, ALateWakeUpCounts) {
  const Ran r = paced(
      20, second, [](int64_t) { return ms; }, false, false, 70'000);
  for (const Sample& s : r.samples) {
    EXPECT_EQ(s.wait, 70'000);
    EXPECT_EQ(s.latency, ms + 70'000);
  }
}

TEST(Rate, StagesAreTimedApart) {
  const Ran r = paced(
      20, second, [](int64_t) { return 8 * ms; }, false, true);
  for (const Sample& s : r.samples) {
    EXPECT_EQ(s.preprocess, 2 * ms);
    EXPECT_EQ(s.infer, 5 * ms);
    EXPECT_EQ(s.postprocess, ms);
  }
}

TEST(Rate, AnErrorOfTheWorkEndsIt) {
  SimulatedTime time;
  SimulatedWork work(time, [](int64_t) { return ms; });
  work.fail_at = 3;
  int n = 0;
  auto r = run_rate(time, work, {second, 11}, {20, false}, [&](const Sample&) { ++n; });
  EXPECT_EQ(r.code(), Code::io_error);
  EXPECT_EQ(n, 3);
}

TEST(Closed, BackToBackForTheDurationAndElevenSamples) {
  SimulatedTime time;
  SimulatedWork work(time, [](int64_t i) { return (1 + i % 3) * ms; });
  work.prepare_ns = ms;  // outside the timing, inside the duration
  std::vector<Sample> got;
  auto keep = [&](const Sample& s) { got.push_back(s); };
  ASSERT_TRUE(run_closed(time, work, {30 * ms, 11}, keep).ok());
  ASSERT_EQ(got.size(), 11u);  // 10 frames take 29 ms
  EXPECT_EQ(got[0].at, ms);
  EXPECT_EQ(got[1].at, 3 * ms);
  EXPECT_EQ(got[2].latency, 3 * ms);
  got.clear();
  ASSERT_TRUE(run_closed(time, work, {0, 11}, keep).ok());
  EXPECT_EQ(got.size(), 11u);
  work.fail_at = work.runs;
  EXPECT_EQ(run_closed(time, work, {0, 11}, keep).code(), Code::io_error);
}

}  // namespace
}  // namespace hone::ship
