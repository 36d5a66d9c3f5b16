// A machine that has everything a probe reads, as path and text: what tests and the fuzzer spoil.
#pragma once

namespace hone::ship::testing {

struct MachineFile {
  const char* path;
  const char* text;
};

// What decides which others are read stands first: structural_files of them.
constexpr int structural_files = 10;
constexpr MachineFile machine_files[] = {
    {"proc/self/cgroup", "0::/app\n"},
    {"proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"},
    {"proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0"},
    {"sys/class/thermal/cooling_device0/type", "Processor\n"},
    {"sys/class/hwmon/hwmon0/name", "ina3221\n"},
    {"sys/class/hwmon/hwmon1/name", "coretemp\n"},
    {"sys/class/hwmon/hwmon2/name", "ina226\n"},
    {"sys/class/powercap/intel-rapl:0/name", "package-0\n"},
    {"sys/class/power_supply/BAT0/type", "Battery\n"},
    {"sys/class/power_supply/AC/type", "Mains\n"},
    {"proc/self/stat", "7 (hone) R 1 1 1 0 -1 0 0 0 0 0 200 10 0 0 20 0 1 0\n"},
    {"proc/self/task/7/stat", "7 (hone) R 1 1 1 0 -1 0 0 0 0 0 200 10 0 0 20 0 1 0\n"},
    {"proc/50/stat", "50 (cc1plus) R 1 1 1 0 -1 0 0 0 0 0 20 10 0 0 20 0 1 0\n"},
    {"proc/1/cgroup", "0::/init.scope\n"},
    {"proc/stat", "cpu  1000 0 500 9000 0 0 0 100 0 0\n"},
    {"proc/loadavg", "0.50 0.20 0.10 4/120 99\n"},
    {"proc/pressure/cpu", "some avg10=12.50 avg60=1.00 avg300=0.00 total=5\n"},
    {"proc/cpuinfo", "processor : 0\nflags : fpu hypervisor sse2\n"},
    {"proc/sys/kernel/randomize_va_space", "2\n"},
    {"sys/fs/cgroup/app/cpu.max", "150000 100000\n"},
    {"sys/fs/cgroup/app/cpu.stat", "nr_throttled 5\nthrottled_usec 7000\n"},
    {"sys/fs/cgroup/app/memory.max", "1073741824\n"},
    {"sys/fs/cgroup/app/memory.peak", "123456\n"},
    {"sys/fs/cgroup/app/cpuset.cpus.effective", "0-1,4\n"},
    {"sys/devices/system/cpu/online", "0-7\n"},
    {"sys/devices/system/cpu/smt/active", "1\n"},
    {"sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"},
    {"sys/devices/system/cpu/cpufreq/boost", "1\n"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3100000\n"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", "3000000\n"},
    {"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3400000\n"},
    {"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "7\n"},
    {"sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "9\n"},
    {"sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
    {"sys/devices/platform/soc/soc:firmware/get_throttled", "50000\n"},
    {"sys/class/thermal/cooling_device0/cur_state", "0\n"},
    {"sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n"},
    {"sys/class/thermal/thermal_zone0/temp", "54000\n"},
    {"sys/class/hwmon/hwmon0/oc1_event_cnt", "0\n"},
    {"sys/class/hwmon/hwmon0/in1_label", "VDD_IN\n"},
    {"sys/class/hwmon/hwmon0/in1_input", "5000\n"},
    {"sys/class/hwmon/hwmon0/in1_enable", "1\n"},
    {"sys/class/hwmon/hwmon0/curr1_input", "2000\n"},
    {"sys/class/hwmon/hwmon1/temp1_input", "61500\n"},
    {"sys/class/hwmon/hwmon1/temp1_label", "Package id 0\n"},
    {"sys/class/hwmon/hwmon2/power1_input", "2500000\n"},
    {"sys/class/powercap/intel-rapl:0/energy_uj", "1000000\n"},
    {"sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n"},
    {"sys/class/power_supply/BAT0/status", "Discharging\n"},
    {"sys/class/power_supply/AC/online", "0\n"},
    {"sys/class/dmi/id/sys_vendor", "LENOVO\n"},
    {"sys/class/dmi/id/product_name", "20XW\n"},
    {"sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/rail_name_0", "POM_5V_IN\n"},
    {"sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/in_power0_input", "3000\n"},
    {"sys/hypervisor/type", "xen\n"},
    {"sys/firmware/acpi/platform_profile", "balanced\n"},
    {"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
    {"run/systemd/container", "lxc\n"},
    {"var/lib/nvpmodel/status", "pmode:0002\n"},
    {"etc/nvpmodel.conf", "< POWER_MODEL ID=2 NAME=15W >\n"},
};

// What `vcgencmd pmic_read_adc` writes on a Raspberry Pi 5, shortened.
constexpr const char* pmic_text =
    "   3V7_WL_SW_A current(0)=0.10000000A\n"
    "     VDD_CORE_A current(7)=2.00000000A\n"
    "   3V7_WL_SW_V volt(8)=3.70000000V\n"
    "     VDD_CORE_V volt(15)=0.90000000V\n"
    "        EXT5V_V volt(24)=5.10000000V\n"
    "         BATT_V volt(25)=0.00500000V\n";

}  // namespace hone::ship::testing
