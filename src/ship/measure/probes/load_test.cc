// Other tasks: counted, timed and named.
#include "ship/measure/probes/load.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using testing::Tree;

// pid (name) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime
// cutime cstime ...
std::string stat(const std::string& name, char state, int64_t user, int64_t system, int parent = 1,
                 int64_t waited = 0) {
  return "7 (" + name + ") " + state + " " + std::to_string(parent) + " 1 1 0 -1 0 0 0 0 0 " +
         std::to_string(user) + " " + std::to_string(system) + " " + std::to_string(waited) +
         " 0 20 0 1 0";
}

TEST(Load, OwnThreadsAreNotOthers) {
  Tree t;
  EXPECT_FALSE(other_runnable(t.files()));
  t.plant("proc/loadavg", "0.50 0.20 0.10 4/120 99\n");
  t.plant("proc/self/task/7/stat", stat("hone", 'R', 1, 1));
  t.plant("proc/self/task/8/stat", stat("worker) R (", 'S', 1, 1));  // the name fools nobody
  EXPECT_EQ(other_runnable(t.files()), 3);
  t.plant("proc/loadavg", "0.50 0.20 0.10 0/120 99\n");
  EXPECT_EQ(other_runnable(t.files()), 0);
  EXPECT_EQ(read_load(t.files()), "0.50 0.20 0.10 0/120 99");
}

TEST(Load, PressureOfTheLastTenSeconds) {
  Tree t;
  EXPECT_TRUE(is_unavailable(read_pressure(t.files())));
  t.plant("proc/pressure/cpu", "some avg10=12.50 avg60=1.00 avg300=0.00 total=5\n");
  t.plant("proc/pressure/io", "some avg10=120.00 avg60=1.00 avg300=0.00 total=5\n");
  t.plant("proc/pressure/memory", "some avg10=x\n");
  EXPECT_EQ(read_pressure(t.files()), (nlohmann::json{{"cpu", 12.5}}));
}

TEST(Load, OthersTimeIsWhatIsNotOurs) {
  Tree t;
  t.plant("proc/stat", "cpu  1000 0 500 9000 0 0 0 100 0 0\ncpu0 1 2 3\n");
  t.plant("proc/self/stat", stat("hone", 'R', 200, 0));
  t.plant("proc/50/stat", stat("cc1plus", 'R', 10, 10));
  t.plant("proc/51/stat", stat("quiet", 'S', 10, 10));
  auto before = read_cpu_time(t.files());
  ASSERT_TRUE(before);
  // 10 s later: 2,000 ticks busy, 1,000 of them ours, 700 of cc1plus's; the host took 50.
  t.plant("proc/stat", "cpu  2500 0 1000 9000 0 0 0 150 0 0\n");
  t.plant("proc/self/stat", stat("hone", 'R', 1200, 0));
  t.plant("proc/50/stat", stat("cc1plus", 'R', 500, 120));
  t.plant("proc/52/stat", stat("cc1plus", 'R', 100, 0));  // a new one
  auto after = read_cpu_time(t.files());
  ASSERT_TRUE(after);
  OthersTime o = others_between(*before, *after, 10);
  EXPECT_DOUBLE_EQ(o.cpus, 1);
  EXPECT_DOUBLE_EQ(o.steal, 0.05);
  EXPECT_EQ(o.busiest, "cc1plus 0.70");
}

// Another runtime in a child of ours is part of the measurement, while it runs and afterwards.
TEST(Load, ChildrenAreOurs) {
  Tree t;
  t.plant("proc/stat", "cpu  1000 0 0 9000 0 0 0 0 0 0\n");
  t.plant("proc/self/stat", stat("hone", 'S', 100, 0));
  t.plant("proc/50/stat", stat("python3", 'R', 50, 0, getpid()));
  auto before = read_cpu_time(t.files());
  t.plant("proc/stat", "cpu  1500 0 0 9000 0 0 0 0 0 0\n");
  t.plant("proc/50/stat", stat("python3", 'R', 550, 0, getpid()));
  auto during = read_cpu_time(t.files());
  t.remove("proc/50");
  t.plant("proc/self/stat", stat("hone", 'S', 100, 0, 1, 550));
  auto after = read_cpu_time(t.files());
  ASSERT_TRUE(before && during && after);
  EXPECT_EQ(others_between(*before, *during, 10).cpus, 0);
  EXPECT_EQ(others_between(*before, *during, 10).busiest, "");
  EXPECT_EQ(others_between(*before, *after, 10).cpus, 0);
}

TEST(Load, BrokenStatsAreNoTime) {
  Tree t;
  t.plant("proc/self/stat", stat("hone", 'R', 200, 0));
  for (const char* text : {"", "cpu 1 2 3", "cpu  1 2 3 4 5 6 7 x", "cpu  1 2 3 4 5 6 7 -8",
                           "cpu  9223372036854775807 1 1 1 1 1 1 1", "intr 1 2 3 4 5 6 7 8 9"}) {
    t.plant("proc/stat", text);
    EXPECT_FALSE(read_cpu_time(t.files())) << text;
  }
}

}  // namespace
}  // namespace hone::ship
