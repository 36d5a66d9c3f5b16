#include "ship/report/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone::ship::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Plot plot() { return {"a <summary>", Axis{0, 10, false, {0, 5, 10}}, Axis{0, 4, false, {0, 4}}}; }

TEST(Plot, BarsStandOnZero) {
  Plot p = plot();
  p.bar(2, 3, 1, "two & three");
  const std::string s = p.html().str();
  EXPECT_THAT(s, HasSubstr("<rect x=\"20.00%\" y=\"75.00%\" width=\"10.00%\" height=\"25.00%\""));
  EXPECT_THAT(s, HasSubstr("<title>two &amp; three</title>"));
  EXPECT_THAT(s, HasSubstr("aria-label=\"a &lt;summary&gt;\""));
}

TEST(Plot, WhatIsOutsideIsNotDrawnBeyondTheBox) {
  Plot p = plot();
  p.bar(-5, -1, 3, "");
  p.line({{-10, -10}, {20, 20}}, "line");
  const std::string s = p.html().str();
  EXPECT_THAT(s, Not(HasSubstr("<rect")));
  EXPECT_THAT(s, HasSubstr("M0.0 1000.0L1000.0 0.0"));
}

TEST(Plot, MarksGetALaneEach) {
  Plot p = plot();
  p.mark_x(1, "p50", "quantile");
  p.mark_x(1.1, "p90", "quantile");
  const std::string s = p.html().str();
  EXPECT_THAT(s, HasSubstr("plot lanes2"));
  EXPECT_THAT(s, HasSubstr("y=\"-6\" class=\"lane\">p50"));
  EXPECT_THAT(s, HasSubstr("y=\"-23\" class=\"lane\">p90"));
}

TEST(Interval, ArrowWhereTheValueIsBeyondTheAxis) {
  Interval i;
  i.from = -0.5, i.to = 2, i.value = 3;
  EXPECT_THAT(interval_plot(i).str(), Not(HasSubstr("<circle")));
  EXPECT_THAT(interval_plot(i).str(), HasSubstr("<path"));
  i.value = -0.25, i.from_zero = true;
  const std::string s = interval_plot(i).str();
  EXPECT_THAT(s, HasSubstr("<circle cx=\"10.00%\""));
  EXPECT_THAT(s, HasSubstr("<rect x=\"10.00%\" y=\"35%\" width=\"10.00%\""))
      << "to the left of zero";
}

}  // namespace
}  // namespace hone::ship::report
