#include "host/exec/opt_level.h"

#include <gtest/gtest.h>

#include <climits>

namespace hone::exec {
namespace {

TEST(OptLevel, EachTriesAndTimesMoreThanTheOneBefore) {
  for (int level = 2; level <= max_opt_level; ++level) {
    const OptLevel less = opt_level(level - 1), more = opt_level(level);
    EXPECT_GE(more.max_tactics, less.max_tactics) << level;
    EXPECT_GT(more.timing.budget_ms, less.timing.budget_ms) << level;
    EXPECT_GT(more.timing.min_runs, less.timing.min_runs) << level;
    EXPECT_GT(more.timing.max_runs, less.timing.max_runs) << level;
  }
  EXPECT_FALSE(opt_level(0).timed);
  EXPECT_TRUE(opt_level(1).timed);
}

TEST(OptLevel, TheDefaultIsTheTimersOwn) {
  const OptLevel level = opt_level(default_opt_level);
  const TimingOptions own;
  EXPECT_EQ(level.max_tactics, INT_MAX);
  EXPECT_EQ(level.timing.budget_ms, own.budget_ms);
  EXPECT_EQ(level.timing.min_runs, own.min_runs);
  EXPECT_EQ(level.timing.max_runs, own.max_runs);
}

}  // namespace
}  // namespace hone::exec
