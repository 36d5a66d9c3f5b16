#include "ship/profile/machine.h"

#include <gtest/gtest.h>

#include "device/platform/target_detect.h"

namespace hone::ship {
namespace {

TEST(MachinePeaks, IsMeasured) {
  const Target here = platform::detect_target();
  for (int threads : {1, 2}) {
    auto m = measure_machine(here, threads, 0.1);
    ASSERT_TRUE(m.ok()) << m.status().text();
    EXPECT_EQ(m->threads, threads);
    // From a slow single-board computer to more than any core of today does.
    EXPECT_GT(m->fma_gflops, 0.1);
    EXPECT_LT(m->fma_gflops, 1000 * threads);
    EXPECT_GT(m->int8_gops, 0.1);
    ASSERT_GE(m->levels.size(), 2u);
    EXPECT_EQ(m->levels.back().name, "memory");
    for (const MemoryLevel& l : m->levels) {
      EXPECT_GT(l.gbps, 0.05) << l.name;
      EXPECT_LT(l.gbps, 2000 * threads) << l.name;
    }
    const auto j = to_json(*m);
    EXPECT_EQ(j["bandwidth_gbps"], m->levels.back().gbps);
    EXPECT_TRUE(j["levels"]["memory"]["bytes"].is_null());
  }
}

TEST(MachinePeaks, LevelIsTheNearestThatHolds) {
  MachinePeaks m;
  m.levels = {{"L1", 100, 50, 9}, {"L2", 1000, 500, 5}, {"memory", 0, 10000, 1}};
  EXPECT_EQ(level_of(m, 0).name, "L1");
  EXPECT_EQ(level_of(m, 100).name, "L1");
  EXPECT_EQ(level_of(m, 101).name, "L2");
  EXPECT_EQ(level_of(m, 1e9).name, "memory");
}

// What the target says decides the sizes read, whatever machine this is.
TEST(MachinePeaks, LevelsFollowTheTarget) {
  Target t = platform::detect_target();
  t.l1d_bytes = 32 << 10, t.l2_bytes = 512 << 10, t.l3_bytes = 0, t.memory_bytes = 256 << 20;
  auto m = measure_machine(t, 1, 0.02);
  ASSERT_TRUE(m.ok());
  ASSERT_EQ(m->levels.size(), 3u);
  EXPECT_EQ(m->levels[0].read, 16 << 10);
  EXPECT_EQ(m->levels[1].read, 256 << 10);
  EXPECT_EQ(m->levels[2].read, 32 << 20);  // an eighth of the memory, not 64 MB
  t.l2_bytes = 40 << 10;                   // not to be told from the first level
  EXPECT_EQ((*measure_machine(t, 1, 0.02)).levels.size(), 2u);
}

}  // namespace
}  // namespace hone::ship
