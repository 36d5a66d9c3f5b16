// What sets a processor's speed, on planted machines.
#include <gmock/gmock.h>

#include "ship/measure/conditions.h"
#include "ship/measure/probes/cgroup.h"
#include "ship/measure/probes/frequency.h"
#include "ship/measure/probes/machine.h"
#include "ship/measure/probes/testing/tree.h"
#include "ship/measure/probes/thermal.h"

namespace hone::ship {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::Tree;

std::string cpufreq(int cpu, const char* leaf) {
  return "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/" + leaf;
}

TEST(FrequencyReader, GovernorsThatDifferAreSaid) {
  Tree t;
  EXPECT_TRUE(is_unavailable(read_governor(t.files(), {0, 1})));
  for (int cpu : {0, 1, 2, 3}) t.plant(cpufreq(cpu, "scaling_governor"), "performance\n");
  EXPECT_EQ(read_governor(t.files(), {0, 1, 2, 3}), "performance");
  t.plant(cpufreq(3, "scaling_governor"), "powersave\n");
  EXPECT_EQ(read_governor(t.files(), {0, 1, 2, 3}), "performance (cpus 0-2), powersave (cpus 3)");
  EXPECT_EQ(read_governor(t.files(), {0, 1}), "performance");  // only those that are used
}

TEST(FrequencyReader, RangeAndLimitOverCores) {
  Tree t;
  t.plant(cpufreq(0, "scaling_cur_freq"), 1'200'000);
  t.plant(cpufreq(1, "scaling_cur_freq"), 3'400'000);
  t.plant(cpufreq(2, "scaling_cur_freq"), -1);  // offline cores may read so
  EXPECT_EQ(to_json(read_frequency(t.files(), {0, 1, 2})),
            (json{{"min", 1'200'000}, {"max", 3'400'000}}));
  // A big and a little core; the little one is capped.
  t.plant(cpufreq(0, "scaling_max_freq"), 1'200'000);
  t.plant(cpufreq(0, "cpuinfo_max_freq"), 1'800'000);
  t.plant(cpufreq(1, "scaling_max_freq"), 3'400'000);
  t.plant(cpufreq(1, "cpuinfo_max_freq"), 3'400'000);
  EXPECT_EQ(read_frequency_limit(t.files(), {0, 1}),
            (json{{"khz", 1'200'000}, {"of_khz", 1'800'000}}));
}

TEST(FrequencyReader, TurboOfBothDrivers) {
  Tree t;
  EXPECT_TRUE(is_unavailable(read_turbo(t.files())));
  t.plant("sys/devices/system/cpu/cpufreq/boost", 0);
  EXPECT_EQ(read_turbo(t.files()), "off");
  t.plant("sys/devices/system/cpu/intel_pstate/no_turbo", 0);
  EXPECT_EQ(read_turbo(t.files()), "on");
}

TEST(ThermalReader, ZonesByTypeElseSensors) {
  Tree t;
  EXPECT_TRUE(is_unavailable(to_json(read_temperatures(t.files()))));
  t.plant("sys/class/hwmon/hwmon3/name", "k10temp");
  t.plant("sys/class/hwmon/hwmon3/temp1_input", 61'500);
  t.plant("sys/class/hwmon/hwmon3/temp1_label", "Tctl");
  t.plant("sys/class/hwmon/hwmon4/name", "nvme");  // not the CPU's
  t.plant("sys/class/hwmon/hwmon4/temp1_input", 30'000);
  EXPECT_EQ(to_json(read_temperatures(t.files())), (json{{"k10temp Tctl", 61.5}}));
  t.plant("sys/class/thermal/thermal_zone0/type", "cpu-thermal");
  t.plant("sys/class/thermal/thermal_zone0/temp", 54'321);
  t.plant("sys/class/thermal/thermal_zone1/type", "gpu");
  t.plant("sys/class/thermal/thermal_zone1/temp", -273'200);  // switched off
  t.plant("sys/class/thermal/thermal_zone2/type", "cpu-thermal");
  t.plant("sys/class/thermal/thermal_zone2/temp", 60'000);
  EXPECT_EQ(to_json(read_temperatures(t.files())), (json{{"cpu-thermal", 60.0}}));
}

// A container of version 2 that sees its own group as the top.
TEST(CgroupReader, Version2) {
  Tree t;
  t.plant("proc/self/cgroup", "0::/app/worker\n");
  t.plant("proc/self/mountinfo",
          "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  const std::string top = "sys/fs/cgroup/";
  t.plant(top + "app/worker/cpu.max", "max 100000\n");
  t.plant(top + "app/worker/cpuset.cpus.effective", "0-1,4\n");
  t.plant(top + "app/worker/memory.peak", 123'456);
  t.plant(top + "app/worker/cpu.stat", "nr_throttled 2\nthrottled_usec 500\n");
  t.plant(top + "app/cpu.max", "150000 100000\n");
  t.plant(top + "app/cpu.stat", "nr_throttled 5\nthrottled_usec 7000\n");
  t.plant(top + "app/memory.max", "1073741824\n");
  Cgroup g = find_cgroup(t.files());
  EXPECT_EQ(g.version, 2);
  EXPECT_THAT(g.cpu, ElementsAre(top + "app/worker", top + "app", "sys/fs/cgroup"));
  EXPECT_EQ(read_limits(t.files(), g), (json{{"version", 2},
                                             {"cpu_max", "150000 100000"},  // the parent's binds
                                             {"memory_max", 1'073'741'824},
                                             {"cpuset", "0-1,4"}}));
  CgroupUsage u = read_usage(t.files(), g);
  EXPECT_EQ(u.nr_throttled, 7);
  EXPECT_EQ(u.throttled_us, 7500);
  EXPECT_EQ(cgroup_peak_bytes(t.files(), g), 123'456);
}

TEST(CgroupReader, Version1InAContainer) {
  Tree t;
  t.plant("proc/self/cgroup", "4:memory:/docker/ab\n1:cpu,cpuacct:/docker/ab\n0::/\n");
  t.plant("proc/self/mountinfo",
          "31 30 0:29 /docker/ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
          "35 31 0:32 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  t.plant("sys/fs/cgroup/unified/cgroup.procs", "1");
  t.plant("sys/fs/cgroup/cpu/cpu.cfs_quota_us", 50'000);
  t.plant("sys/fs/cgroup/cpu/cpu.cfs_period_us", 100'000);
  t.plant("sys/fs/cgroup/cpu/cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_time 8000000\n");
  t.plant("sys/fs/cgroup/memory/memory.limit_in_bytes", 9'223'372'036'854'771'712);
  Cgroup g = find_cgroup(t.files());
  EXPECT_EQ(g.version, 1);
  json limits = read_limits(t.files(), g);
  EXPECT_EQ(limits["cpu_max"], "50000 100000");
  EXPECT_EQ(limits["memory_max"], "max");
  EXPECT_TRUE(is_unavailable(limits["cpuset"]));
  EXPECT_EQ(read_usage(t.files(), g).throttled_us, 8000);
  t.plant("sys/fs/cgroup/cpu/cpu.cfs_quota_us", -1);
  EXPECT_EQ(read_limits(t.files(), g)["cpu_max"], "max");
}

TEST(CgroupReader, NothingMounted) {
  Tree t;
  EXPECT_TRUE(is_unavailable(read_limits(t.files(), find_cgroup(t.files()))));
  t.plant("proc/self/cgroup", "0::/../../outside\n");
  t.plant("proc/self/mountinfo", "29 23 0:26 / /sys/../../etc rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(find_cgroup(t.files()).version, 0);
}

TEST(MachineReader, WhatAVirtualMachineTells) {
  Tree t;
  EXPECT_TRUE(is_unavailable(read_machine(t.files())["virtual"]));
  t.plant("proc/cpuinfo", "processor : 0\nflags : fpu hypervisor sse2\n");
  EXPECT_EQ(read_machine(t.files())["virtual"], "yes (the CPU's hypervisor flag)");
  t.plant("sys/class/dmi/id/sys_vendor", "QEMU\n");
  t.plant("sys/class/dmi/id/product_name", "Standard PC (Q35)\n");
  EXPECT_EQ(read_machine(t.files())["virtual"], "QEMU Standard PC (Q35)");
  Tree arm;
  arm.plant("proc/cpuinfo", "processor : 0\n");
  arm.plant("proc/device-tree/model", "Raspberry Pi 5");
  EXPECT_EQ(read_machine(arm.files())["virtual"], "no");
  arm.plant("proc/device-tree/model", "linux,dummy-virt");
  EXPECT_EQ(read_machine(arm.files())["virtual"], "linux,dummy-virt");
  Tree chromebook;  // a vendor that rents out virtual machines and sells real ones
  chromebook.plant("proc/cpuinfo", "flags : fpu\n");
  chromebook.plant("sys/class/dmi/id/sys_vendor", "Google");
  chromebook.plant("sys/class/dmi/id/product_name", "Eve");
  EXPECT_EQ(read_machine(chromebook.files())["virtual"], "no");
}

TEST(MachineReader, WhatALaptopTells) {
  Tree t;
  t.plant("proc/cpuinfo", "flags : fpu sse2\n");
  t.plant("sys/class/dmi/id/sys_vendor", "LENOVO\n");
  t.plant("sys/class/dmi/id/product_name", "20XW\n");
  t.plant("sys/class/power_supply/AC/type", "Mains\n");
  t.plant("sys/class/power_supply/AC/online", 0);
  t.plant("sys/class/power_supply/BAT0/type", "Battery\n");
  t.plant("sys/class/power_supply/BAT0/status", "Discharging\n");
  t.plant("sys/firmware/acpi/platform_profile", "balanced\n");
  t.plant("sys/devices/system/cpu/smt/active", 1);
  t.plant("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  t.plant("proc/sys/kernel/randomize_va_space", 2);
  t.plant("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  t.plant("proc/1/cgroup", "0::/init.scope\n");
  EXPECT_EQ(read_machine(t.files()), (json{{"virtual", "no"},
                                           {"container", "no"},
                                           {"smt", "on"},
                                           {"transparent_hugepages", "madvise"},
                                           {"aslr", "on"},
                                           {"clocksource", "tsc"},
                                           {"power_supply", "battery"},
                                           {"power_mode", "balanced"}}));
  t.plant("sys/class/power_supply/AC/online", 1);
  EXPECT_EQ(read_machine(t.files())["power_supply"], "mains");
  t.plant("proc/1/cgroup", "0::/kubepods.slice/pod7\n");
  EXPECT_EQ(read_machine(t.files())["container"], "kubepods");
}

TEST(MachineReader, JetsonPowerMode) {
  Tree t;
  t.plant("var/lib/nvpmodel/status", "pmode:0002\n");
  EXPECT_EQ(read_machine(t.files())["power_mode"], "mode 2");
  t.plant("etc/nvpmodel.conf",
          "# modes\n< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=2 NAME=15W >\n");
  EXPECT_EQ(read_machine(t.files())["power_mode"], "15W (mode 2)");
}

TEST(Conditions, EngineFactsHaveTheirHash) {
  Tree t;
  t.plant("m.engine", "bytes");
  hone_engine_info info{};
  info.precision = "f32";
  info.model_hash = 0xab;
  json j;
  add_engine(info, 4, t.root() + "/m.engine", &j);
  EXPECT_EQ(j["threads"], 4);
  EXPECT_EQ(j["precision"], "f32");
  EXPECT_EQ(j["model_hash"], "00000000000000ab");
  EXPECT_EQ(j["engine_hash"].get<std::string>().size(), 16u);
  add_engine(info, 4, "", &j);
  EXPECT_TRUE(is_unavailable(j["engine_hash"]));
}

}  // namespace
}  // namespace hone::ship
