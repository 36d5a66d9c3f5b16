// Each kind of throttle evidence, and what is none.
#include "ship/measure/probes/throttle.h"

#include <gmock/gmock.h>

#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Tree;

ThrottleState read(const Tree& t, const RunCommand& commands = {}) {
  SystemFiles files = t.files();
  return read_throttle(files, {0, 1}, find_cgroup(files), commands);
}

TEST(Throttle, NothingReadableIsUnavailable) {
  Tree t;
  EXPECT_TRUE(is_unavailable(to_json(read(t))));
  EXPECT_THAT(throttle_evidence(read(t), read(t)), IsEmpty());
}

TEST(Throttle, JetsonOverCurrent) {
  Tree t;
  t.plant("sys/class/hwmon/hwmon2/name", "soctherm_oc");
  t.plant("sys/class/hwmon/hwmon2/oc1_event_cnt", 0);
  t.plant("sys/class/hwmon/hwmon2/oc3_event_cnt", 4);
  ThrottleState before = read(t);
  t.plant("sys/class/hwmon/hwmon2/oc3_event_cnt", 9);
  EXPECT_THAT(throttle_evidence(before, read(t)),
              ElementsAre("oc3_event_cnt rose by 5 (from 4 to 9)"));
}

TEST(Throttle, ControlGroup) {
  Tree t;
  t.plant("proc/self/cgroup", "0::/\n");
  t.plant("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  t.plant("sys/fs/cgroup/cpu.stat", "nr_throttled 2\nthrottled_usec 100\n");
  ThrottleState before = read(t);
  t.plant("sys/fs/cgroup/cpu.stat", "nr_throttled 12\nthrottled_usec 40100\n");
  EXPECT_THAT(throttle_evidence(before, read(t)),
              ElementsAre("cgroup_nr_throttled rose by 10 (from 2 to 12)",
                          "cgroup_throttled_us rose by 40000 (from 100 to 40100)"));
}

TEST(Throttle, CoolingDevicesOfCpusOnly) {
  Tree t;
  t.plant("sys/class/thermal/cooling_device0/type", "Processor");
  t.plant("sys/class/thermal/cooling_device0/cur_state", 0);
  t.plant("sys/class/thermal/cooling_device1/type", "Fan");
  t.plant("sys/class/thermal/cooling_device1/cur_state", 3);  // a fan at work slows nothing
  t.plant("sys/class/thermal/cooling_device2/type", "intel_powerclamp");
  t.plant("sys/class/thermal/cooling_device2/cur_state", -1);
  ThrottleState before = read(t);
  EXPECT_THAT(throttle_evidence(before, before), IsEmpty());
  t.plant("sys/class/thermal/cooling_device0/cur_state", 2);
  EXPECT_THAT(throttle_evidence(before, read(t)),
              ElementsAre("cooling device 'Processor' at level 2"));
}

// A counter that fell was reset: no evidence. One that came later has no start.
TEST(Throttle, CountersThatComeAndGo) {
  Tree t;
  const std::string count = "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
  t.plant(count, 9);
  ThrottleState with = read(t);
  t.plant(count, 3);
  EXPECT_THAT(throttle_evidence(with, read(t)), IsEmpty());
  t.remove(count);
  ThrottleState without = read(t);
  EXPECT_THAT(throttle_evidence(with, without), IsEmpty());
  EXPECT_THAT(throttle_evidence(without, with), IsEmpty());
}

TEST(RaspberryPi, BitsInWords) {
  EXPECT_EQ(parse_pi_throttled("throttled=0x50005\n"), 0x50005u);
  EXPECT_EQ(parse_pi_throttled("50005"), 0x50005u);
  EXPECT_EQ(parse_pi_throttled("0"), 0u);
  for (const char* text : {"", "throttled=", "throttled=0xzz", "-1", "123456789ab"}) {
    EXPECT_FALSE(parse_pi_throttled(text)) << text;
  }
  EXPECT_THAT(pi_throttled_text(0x50005),
              ElementsAre("under-voltage now", "under-voltage since boot", "throttled now",
                          "throttled since boot"));
  EXPECT_THAT(pi_throttled_text(0x80002),
              ElementsAre("frequency capped now", "soft temperature limit since boot"));
  EXPECT_THAT(pi_throttled_text(0), IsEmpty());
}

TEST(RaspberryPi, OnlyNewBitsSinceBootAreEvidence) {
  Tree t;
  const std::string path = "sys/devices/platform/soc/soc:firmware/get_throttled";
  t.plant(path, "10000\n");
  ThrottleState before = read(t);
  EXPECT_EQ(before.pi_bits, 0x10000u);
  EXPECT_THAT(throttle_evidence(before, before), IsEmpty());
  t.plant(path, "50000\n");
  EXPECT_THAT(throttle_evidence(before, read(t)),
              ElementsAre("Raspberry Pi: throttled since boot"));
  t.plant(path, "10001\n");
  EXPECT_THAT(throttle_evidence(before, read(t)), ElementsAre("Raspberry Pi: under-voltage now"));
  EXPECT_EQ(to_json(read(t))["raspberry_pi"]["bits"], "0x10001");
}

// Newer kernels have no file: vcgencmd is asked, on a Raspberry Pi only.
TEST(RaspberryPi, AsksVcgencmdThere) {
  Tree t;
  int asked = 0;
  RunCommand vcgencmd = [&](const std::vector<std::string>& words) -> Result<std::string> {
    ++asked;
    EXPECT_THAT(words, ElementsAre("vcgencmd", "get_throttled"));
    return std::string("throttled=0x4\n");
  };
  EXPECT_FALSE(read(t, vcgencmd).pi_bits);
  EXPECT_EQ(asked, 0);
  t.plant("proc/device-tree/model", std::string_view("Raspberry Pi 5 Model B Rev 1.0\0", 31));
  EXPECT_EQ(read(t, vcgencmd).pi_bits, 4u);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace hone::ship
