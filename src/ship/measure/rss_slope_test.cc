#include "ship/measure/rss_slope.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

constexpr int64_t ms = 1'000'000;

// 1 ms a run, `kb_per_1000` more each thousand; a reading in seven is 4 MB off.
RssSlope grown(double kb_per_1000, int64_t runs, int* readings = nullptr) {
  int64_t run = 0;
  int n = 0;
  RssSlope s([&] {
    ++n;
    const double kb = 20'000 + kb_per_1000 * static_cast<double>(run) / 1000;
    return std::optional<int64_t>(static_cast<int64_t>(kb * 1e3) + (n % 7 == 3 ? 4'000'000 : 0));
  });
  for (; run < runs; ++run) s.tick(run, 1000 * ms + run * ms);
  if (readings != nullptr) *readings = n;
  return s;
}

TEST(RssSlope, FindsALeakAndNoLeak) {
  EXPECT_NEAR(grown(12, 20'000).slope().get<double>(), 12, 0.5);
  EXPECT_EQ(grown(0, 20'000).slope().get<double>(), 0);
}

// An hour: readings become rarer, what is kept stays bounded.
TEST(RssSlope, LongRunsAreThinned) {
  int readings = 0;
  const RssSlope s = grown(3, 3'600'000, &readings);
  EXPECT_NEAR(s.slope().get<double>(), 3, 0.1);
  EXPECT_LT(readings, 2000);
  EXPECT_LE(s.timeline().size(), 120u);
  EXPECT_GT(s.timeline().back()["t_s"], 3000);
}

TEST(RssSlope, SaysWhyThereIsNone) {
  EXPECT_EQ(grown(1, 300).slope().get<std::string>().substr(0, 30),
            "unavailable: the run is too sh");
  RssSlope none([] { return std::optional<int64_t>(); });
  none.tick(0, 0);
  EXPECT_EQ(none.slope(), "unavailable: /proc/self/statm cannot be read");
  EXPECT_TRUE(none.timeline().empty());
}

TEST(RssSlope, ReadsThisProcess) {
  const auto now = rss_bytes();
  ASSERT_TRUE(now);
  EXPECT_GT(*now, 1 << 20);
}

}  // namespace
}  // namespace hone::ship
