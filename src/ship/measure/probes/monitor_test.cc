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
  Monitor make(std::vector<int> cpus = {0, 1}) {
    MonitorOptions o;
    o.root = tree_.root();
    o.cpus = std::move(cpus);
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

// 5 % is the limit: boost clocks wander by less.
TEST_F(ThrottleVerdict, FrequencyThatFellALittleIsNot) {
  Monitor m = make();
  Evidence e = run_at(m, {3'000'000, 3'000'000, 2'900'000, 2'860'000, 2'860'000, 2'860'000});
  EXPECT_EQ(e.throttled, false) << e.reasons[0];
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
