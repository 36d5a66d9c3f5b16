#include "ship/report/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ship/report/format.h"

namespace hone::ship::report {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(Axis, LinearEndsAtTicks) {
  const Axis a = linear_axis(0, 0.93, 5);
  EXPECT_EQ(a.low, 0);
  EXPECT_NEAR(a.high, 1.0, 1e-12);
  EXPECT_THAT(tick_labels(a), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(tick_labels(linear_axis(-3, 12, 4)), ElementsAre("−5", "0", "5", "10", "15"));
  EXPECT_NEAR(a.place(0.5), 0.5, 1e-12);
  EXPECT_EQ(a.place(-7), 0) << "held at the end";
  EXPECT_EQ(a.place(7), 1);
}

TEST(Axis, TightKeepsItsEnds) {
  const Axis a = tight_axis(1.3, 8.7, 5);
  EXPECT_EQ(a.low, 1.3);
  EXPECT_EQ(a.high, 8.7);
  EXPECT_THAT(a.ticks, ElementsAre(2, 4, 6, 8));
}

TEST(Axis, LogarithmicTicks) {
  EXPECT_THAT(tick_labels(log_axis(0.1, 12)),
              ElementsAre("0.1", "0.2", "0.5", "1", "2", "5", "10"));
  EXPECT_THAT(tick_labels(log_axis(0.01, 10000)),
              ElementsAre("0.01", "0.1", "1", "10", "100", "1000", "1e+04"));
  const Axis a = log_axis(0.1, 10);
  EXPECT_THAT(a.place(1), DoubleNear(0.5, 1e-12));
  EXPECT_EQ(a.place(0), 0) << "no logarithm of zero";
}

// Whatever the data: finite places, few ticks, in order.
TEST(Axis, DegenerateRanges) {
  const double values[] = {0, -1, 1, 1e-15, -1e-9, 1e14, -1e14, 3.0000001, 3.0000002, 88.2};
  for (double low : values) {
    for (double high : values) {
      for (const Axis& a : {linear_axis(low, high), tight_axis(low, high), log_axis(low, high)}) {
        ASSERT_LT(a.low, a.high) << low << " " << high;
        ASSERT_LE(a.ticks.size(), 60u) << low << " " << high;
        ASSERT_EQ(tick_labels(a).size(), a.ticks.size());
        for (double v : values) ASSERT_TRUE(a.place(v) >= 0 && a.place(v) <= 1) << v;
        for (size_t i = 1; i < a.ticks.size(); ++i) ASSERT_GT(a.ticks[i], a.ticks[i - 1]);
      }
    }
  }
}

TEST(Format, Figures) {
  EXPECT_EQ(figure(0.11342), "0.113");
  EXPECT_EQ(figure(4.188), "4.19");
  EXPECT_EQ(figure(125.4), "125");
  EXPECT_EQ(figure(16513), "16,513");
  EXPECT_EQ(figure(-1234567), "-1,234,567");
  EXPECT_EQ(figure(0), "0");
  EXPECT_EQ(figure(1e14), "1e+14");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1,000");
  EXPECT_EQ(bytes(394880), "394.9 kB");
  EXPECT_EQ(bytes(999), "999 B");
  EXPECT_EQ(bytes(25276514304.0), "25.3 GB");
  EXPECT_EQ(signed_points(-0.3), "−0.30");
  EXPECT_EQ(signed_points(-0.001), "0.00");
  EXPECT_EQ(with_unit(3.1, "points"), "3.10 points");
  EXPECT_EQ(with_unit(2, "ms"), "2.00 ms");
  EXPECT_EQ(with_unit(0.001, "relative"), "0.001");
  EXPECT_EQ(with_unit(0.0125, "share"), "1.25 %");
}

}  // namespace
}  // namespace hone::ship::report
