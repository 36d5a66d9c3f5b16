// What `hone doctor` says can be measured here, and what to do about the rest.
#include "ship/measure/probes/measurable.h"

#include <gmock/gmock.h>

#include "ship/measure/probes/affinity.h"
#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Tree;

std::vector<Measurable> find(const Tree& t) {
  EnergyOptions o;
  o.root = t.root();
  return find_measurables(o);
}

TEST(Measurables, ABareMachineSaysWhatIsMissing) {
  Tree t;
  auto all = find(t);
  ASSERT_EQ(all.size(), 5u);
  for (const Measurable& m : all) {
    EXPECT_NE(m.text, "") << m.what;
    EXPECT_EQ(m.readable, m.what == "memory peak") << m.what;
    EXPECT_EQ(m.fix.empty(), m.readable) << m.what;
  }
}

TEST(Measurables, AMachineWithAll) {
  Tree t;
  t.plant("sys/class/powercap/intel-rapl:0/name", "package-0");
  t.plant("sys/class/powercap/intel-rapl:0/energy_uj", 5);
  t.plant("sys/class/powercap/intel-rapl:0/max_energy_range_uj", 1000);
  t.plant("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp");
  t.plant("sys/class/thermal/thermal_zone0/temp", 54000);
  for (int cpu : allowed_cpus()) {
    std::string folder = "sys/devices/system/cpu/cpu" + std::to_string(cpu);
    t.plant(folder + "/cpufreq/scaling_cur_freq", 3'100'000);
  }
  for (const Measurable& m : find(t)) EXPECT_TRUE(m.readable) << m.what << ": " << m.text;
  EXPECT_THAT(find(t)[0].text, HasSubstr("RAPL: CPU packages"));
  EXPECT_EQ(find(t)[2].text, "3100 to 3100 MHz now");
  EXPECT_EQ(find(t)[3].text, "x86_pkg_temp 54.0 C");
}

TEST(QuietHints, OnlyWhatDisturbs) {
  EXPECT_THAT(quiet_hints({{"governor", "performance"},
                           {"turbo", "off"},
                           {"smt", "off"},
                           {"clocksource", "tsc"},
                           {"cgroup_cpu_max", "max"},
                           {"frequency_limit", {{"khz", 5}, {"of_khz", 5}}}}),
              IsEmpty());
  EXPECT_THAT(quiet_hints({{"governor", "unavailable: x"}, {"cgroup_cpu_max", "unavailable: x"}}),
              IsEmpty());
  EXPECT_THAT(quiet_hints(nlohmann::json::object()), IsEmpty());
  EXPECT_THAT(quiet_hints({{"governor", "powersave"},
                           {"turbo", "on"},
                           {"smt", "on"},
                           {"power_supply", "battery"},
                           {"clocksource", "hpet"},
                           {"cgroup_cpu_max", "50000 100000"},
                           {"frequency_limit", {{"khz", 4}, {"of_khz", 5}}}}),
              ElementsAre(HasSubstr("cpupower"), HasSubstr("capped at 4 of 5"), HasSubstr("turbo"),
                          HasSubstr("SMT"), HasSubstr("battery"), HasSubstr("hpet"),
                          HasSubstr("50000 100000")));
}

}  // namespace
}  // namespace hone::ship
