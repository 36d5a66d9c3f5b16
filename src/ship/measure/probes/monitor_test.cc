// The verdict 'throttled' and its evidence, on planted machines with a clock of their own.
#include "ship/measure/probes/monitor.h"

#include <gmock/gmock.h>

#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Tree;

constexpr const char* cpu0 = "sys/devices/system/cpu/cpu0/";

class ThrottleVerdict : public ::testing::Test {
 protected:
  Monitor make(std::vector<int> cpus = {0, 1}, bool back_to_back = true) {
    MonitorOptions o;
    o.root = tree_.root();
    o.cpus = std::move(cpus);
    o.back_to_back = back_to_back;
    o.now = [this] { return now_; };
    o.commands = [](const auto&) -> Result<std::string> {
      return error(Code::not_found, "no programs here");
    };
    return Monitor(o);
  }
  // One tick a second, `khz` at each.
  Evidence run_at(Monitor& m, const std::vector<int64_t>& khz) {
    m.start();
    for (int64_t k : khz) {
      now_ += 1;
      set_khz(k);
      EXPECT_TRUE(m.tick());
    }
    return m.stop();
  }
  void set_khz(int64_t k) { tree_.plant(cpu0 + std::string("cpufreq/scaling_cur_freq"), k); }

  Tree tree_;
  double now_ = 100;
};

TEST_F(ThrottleVerdict, SaysThatNothingCouldBeRead) {
  Monitor m = make();
  m.start();
  Evidence e = m.stop();
  EXPECT_TRUE(is_unavailable(e.throttled)) << e.throttled;
  for (const char* key : {"frequency_khz", "temperature_c", "throttle", "load", "runnable"}) {
    EXPECT_TRUE(is_unavailable(e.before.at(key))) << key;
    EXPECT_TRUE(is_unavailable(e.after.at(key))) << key;
  }
  EXPECT_TRUE(is_unavailable(e.during.at("frequency_khz")));
  EXPECT_THAT(e.warnings, IsEmpty());
}

TEST_F(ThrottleVerdict, ReadsOnlyWhenDue) {
  Monitor m = make();
  m.start();
  EXPECT_FALSE(m.tick());
  now_ += 0.99;
  EXPECT_FALSE(m.tick());
  now_ += 0.02;
  EXPECT_TRUE(m.tick());
  EXPECT_FALSE(m.tick());
  EXPECT_EQ(m.stop().during.at("readings"), 1);
}

TEST_F(ThrottleVerdict, SteadyFrequencyIsNotThrottled) {
  set_khz(800'000);  // idle before: not what is compared
  Monitor m = make();
  Evidence e = run_at(m, std::vector<int64_t>(10, 3'000'000));
  EXPECT_EQ(e.throttled, false);
  EXPECT_THAT(e.reasons, IsEmpty());
  EXPECT_EQ(e.before.at("frequency_khz").at("max"), 800'000);
  EXPECT_EQ(e.during.at("frequency_khz").at("median"), 3'000'000);
  EXPECT_EQ(e.during.at("timeline").size(), 10u);
}

TEST_F(ThrottleVerdict, FrequencyThatFellIsThrottled) {
  Monitor m = make();
  Evidence e = run_at(m, {3'000'000, 3'000'000, 2'900'000, 2'700'000, 2'700'000, 2'700'000});
  EXPECT_EQ(e.throttled, true);
  EXPECT_THAT(e.reasons, ElementsAre("frequency fell by 10 % (from 3000000 to 2700000 kHz)"));
  ASSERT_EQ(e.warnings.size(), 1u);
  EXPECT_THAT(e.warnings[0], HasSubstr("throttled: frequency fell"));
}

// A virtual machine's processor may be held back unseen: a quiet control group does not say no.
TEST_F(ThrottleVerdict, ControlGroupAloneSaysYesAndNeverNo) {
  tree_.plant("proc/self/cgroup", "0::/\n");
  tree_.plant("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  tree_.plant("sys/fs/cgroup/cpu.stat", "nr_throttled 2\n");
  Monitor m = make();
  m.start();
  EXPECT_TRUE(is_unavailable(m.stop().throttled));
  m.start();
  tree_.plant("sys/fs/cgroup/cpu.stat", "nr_throttled 3\n");
  Evidence e = m.stop();
  EXPECT_EQ(e.throttled, true);
  EXPECT_THAT(e.reasons, ElementsAre("cgroup_nr_throttled rose by 1 (from 2 to 3)"));
}

TEST_F(ThrottleVerdict, PiBitsThatCameAndWentDuringTheRun) {
  const std::string bits = "sys/devices/platform/soc/soc:firmware/get_throttled";
  tree_.plant(bits, "40000");
  Monitor m = make();
  m.start();
  now_ += 1;
  tree_.plant(bits, "40004");
  m.tick();
  tree_.plant(bits, "40000");
  Evidence e = m.stop();
  EXPECT_EQ(e.throttled, true);
  EXPECT_THAT(e.reasons, ElementsAre("Raspberry Pi: throttled now (1 s into the run)"));
}

TEST_F(ThrottleVerdict, OtherTasksAndStolenTimeAreWarnings) {
  constexpr const char* self = "7 (hone) R 1 1 1 0 -1 0 0 0 0 0 200 0 0 0 20";
  tree_.plant("proc/self/stat", self);
  tree_.plant("proc/stat", "cpu  1000 0 0 9000 0 0 0 0 0 0\n");
  Monitor m = make();
  m.start();
  now_ += 10;
  tree_.plant("proc/stat", "cpu  1500 0 0 9000 0 0 0 100 0 0\n");
  Evidence e = m.stop();
  EXPECT_THAT(
      e.warnings,
      ElementsAre("other tasks used 0.5 of 2 CPUs meanwhile",
                  "the host of this virtual machine took 0.10 CPUs away meanwhile (steal)"));
  // The same ticks in a tenth of a second are 10 ms steps, not a share.
  m.start();
  now_ += 0.1;
  tree_.plant("proc/stat", "cpu  1510 0 0 9000 0 0 0 101 0 0\n");
  EXPECT_THAT(m.stop().warnings, IsEmpty());
}

// 5 % is the limit: boost clocks wander by less.
TEST_F(ThrottleVerdict, FrequencyThatFellALittleIsNot) {
  Monitor m = make();
  Evidence e = run_at(m, {3'000'000, 3'000'000, 2'900'000, 2'860'000, 2'860'000, 2'860'000});
  EXPECT_EQ(e.throttled, false) << e.reasons[0];
}

// At a camera's pace a falling clock is the governor's doing: a warning, with its name.
TEST_F(ThrottleVerdict, ClockAtRestBetweenFramesIsNotThrottled) {
  tree_.plant(cpu0 + std::string("cpufreq/scaling_max_freq"), 3'000'000);
  tree_.plant(cpu0 + std::string("cpufreq/cpuinfo_max_freq"), 3'000'000);
  tree_.plant(cpu0 + std::string("cpufreq/scaling_governor"), "schedutil");
  const std::vector<int64_t> falls = {2'000'000, 2'000'000, 1'500'000, 1'000'000, 900'000, 900'000};
  Monitor paced = make({0}, false);
  Evidence e = run_at(paced, falls);
  EXPECT_NE(e.throttled, true);
  EXPECT_THAT(e.warnings, ElementsAre("the clock ran at 1.5 of 3.0 GHz: the governor (schedutil) "
                                      "lets it fall between frames"));
  Evidence fast = run_at(paced, std::vector<int64_t>(6, 2'900'000));
  EXPECT_THAT(fast.warnings, IsEmpty());
  Monitor loop = make({0}, true);
  EXPECT_EQ(run_at(loop, falls).throttled, true);
}

TEST_F(ThrottleVerdict, ThrottleCountThatRose) {
  tree_.plant(cpu0 + std::string("thermal_throttle/core_throttle_count"), 7);
  tree_.plant(cpu0 + std::string("thermal_throttle/package_throttle_count"), 9);
  Monitor m = make();
  m.start();
  tree_.plant(cpu0 + std::string("thermal_throttle/core_throttle_count"), 10);
  Evidence e = m.stop();
  EXPECT_EQ(e.throttled, true);
  EXPECT_THAT(e.reasons, ElementsAre("core_throttle_count rose by 3 (from 7 to 10)"));
  EXPECT_EQ(e.before.at("throttle").at("core_throttle_count"), 7);
  EXPECT_EQ(e.after.at("throttle").at("package_throttle_count"), 9);
}

}  // namespace
}  // namespace hone::ship
