// A machine of planted files: what SystemFiles reads below a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ship/measure/probes/system_files.h"

namespace hone::ship::testing {

class Tree {
 public:
  Tree() {
    std::string path = ::testing::TempDir() + "hone_tree_XXXXXX";
    root_ = mkdtemp(path.data()) != nullptr ? path : "";
  }
  ~Tree() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void plant(const std::string& path, std::string_view text) {
    std::filesystem::path full = root_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
  }
  void plant(const std::string& path, int64_t n) { plant(path, std::to_string(n) + "\n"); }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ + "/" + path); }
  const std::string& root() const { return root_; }
  SystemFiles files() const { return SystemFiles(root_); }

 private:
  std::string root_;
};

// What a file of one value may hold when something is wrong with it: no reader may fail, hang or
// take it for a figure.
inline std::vector<std::string> hostile_texts() {
  using namespace std::string_literals;
  return {"",
          "\n",
          " ",
          "\0"s,
          "garbage",
          "12garbage",
          "0x",
          "-",
          "1.5",
          "nan",
          "99999999999999999999",
          "-99999999999999999999",
          "\xff\xfe\x80",
          "1\n2\n3\n",
          ":::",
          "()",
          ")(",
          "< >",
          "=",
          ",,,,",
          "0-",
          "5-1",
          "0-999999999",
          std::string(2 << 20, '7'),
          std::string(100'000, '\n'),
          std::string(100'000, '(')};
}

// One path of each kind that any probe reads.
inline std::vector<std::string> every_file() {
  return {"proc/self/cgroup",
          "proc/self/mountinfo",
          "proc/self/stat",
          "proc/self/task/7/stat",
          "proc/50/stat",
          "proc/1/cgroup",
          "proc/stat",
          "proc/loadavg",
          "proc/pressure/cpu",
          "proc/cpuinfo",
          "proc/device-tree/model",
          "proc/sys/kernel/randomize_va_space",
          "sys/fs/cgroup/cpu.max",
          "sys/fs/cgroup/cpu.stat",
          "sys/fs/cgroup/memory.max",
          "sys/fs/cgroup/memory.peak",
          "sys/fs/cgroup/cpuset.cpus.effective",
          "sys/fs/cgroup/cpu/cpu.cfs_quota_us",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us",
          "sys/fs/cgroup/cpu/cpu.stat",
          "sys/fs/cgroup/memory/memory.limit_in_bytes",
          "sys/devices/system/cpu/online",
          "sys/devices/system/cpu/smt/active",
          "sys/devices/system/cpu/intel_pstate/no_turbo",
          "sys/devices/system/cpu/cpufreq/boost",
          "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
          "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
          "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq",
          "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
          "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
          "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count",
          "sys/devices/system/clocksource/clocksource0/current_clocksource",
          "sys/devices/platform/soc/soc:firmware/get_throttled",
          "sys/class/thermal/thermal_zone0/type",
          "sys/class/thermal/thermal_zone0/temp",
          "sys/class/thermal/cooling_device0/type",
          "sys/class/thermal/cooling_device0/cur_state",
          "sys/class/hwmon/hwmon0/name",
          "sys/class/hwmon/hwmon0/temp1_input",
          "sys/class/hwmon/hwmon0/temp1_label",
          "sys/class/hwmon/hwmon0/oc1_event_cnt",
          "sys/class/hwmon/hwmon0/in1_input",
          "sys/class/hwmon/hwmon0/in1_label",
          "sys/class/hwmon/hwmon0/in1_enable",
          "sys/class/hwmon/hwmon0/curr1_input",
          "sys/class/hwmon/hwmon1/power1_input",
          "sys/class/powercap/intel-rapl:0/name",
          "sys/class/powercap/intel-rapl:0/energy_uj",
          "sys/class/powercap/intel-rapl:0/max_energy_range_uj",
          "sys/class/power_supply/BAT0/type",
          "sys/class/power_supply/BAT0/status",
          "sys/class/power_supply/BAT0/online",
          "sys/class/dmi/id/sys_vendor",
          "sys/class/dmi/id/product_name",
          "sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/rail_name_0",
          "sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/in_power0_input",
          "sys/hypervisor/type",
          "sys/firmware/acpi/platform_profile",
          "sys/kernel/mm/transparent_hugepage/enabled",
          "run/systemd/container",
          "var/lib/nvpmodel/status",
          "etc/nvpmodel.conf"};
}

}  // namespace hone::ship::testing
