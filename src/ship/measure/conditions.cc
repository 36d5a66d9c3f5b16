#include "ship/measure/conditions.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "common/base/version.h"
#include "device/platform/target_detect.h"
#include "host/model/files.h"

namespace hone::ship {

namespace {

std::string trimmed(std::string s) {
  while (!s.empty() && (s.back() == '\n' || s.back() == ' ')) s.pop_back();
  return s;
}

std::string file_or(const std::string& path, const char* what) {
  auto text = read_text(path, 4096);
  if (!text.ok()) return fmt::format("unavailable: {}", what);
  return trimmed(*text);
}

std::string isa_names(IsaMask set) {
  std::string s;
  for (int i = 0; i < isa_count; ++i) {
    if (has(set, static_cast<Isa>(i)))
      s += (s.empty() ? "" : " ") + std::string(name(static_cast<Isa>(i)));
  }
  return s;
}

}  // namespace

nlohmann::json read_conditions() {
  Target t = platform::detect_target();
  nlohmann::json j;
  j["hone"] = version;
  j["cpu"] = t.cpu;
  j["arch"] = name(t.arch);
  j["isa"] = isa_names(t.isa);
  j["cores"] = t.cores;
  j["l2_bytes"] = t.l2_bytes;
  j["l3_bytes"] = t.l3_bytes;
  j["memory_bytes"] = t.memory_bytes;
  const std::string cpufreq = "/sys/devices/system/cpu/cpu0/cpufreq/";
  j["governor"] = file_or(cpufreq + "scaling_governor", "no cpufreq (virtual machine?)");
  j["frequency_khz"] = file_or(cpufreq + "scaling_cur_freq", "no cpufreq (virtual machine?)");
  j["temperature"] = file_or("/sys/class/thermal/thermal_zone0/temp", "no thermal zone");
  j["load"] = file_or("/proc/loadavg", "no /proc/loadavg");
  j["cgroup_cpu_max"] = file_or("/sys/fs/cgroup/cpu.max", "no cgroup limit readable");
  utsname u{};
  if (uname(&u) == 0) j["kernel"] = fmt::format("{} {}", u.sysname, u.release);
  return j;
}

std::string conditions_line(const nlohmann::json& c) {
  std::string load = c.value("load", "");
  return fmt::format("{}, {} cores, isa {}, load {}", c.value("cpu", "?"), c.value("cores", 0),
                     c.value("isa", "?"), load.substr(0, load.find(' ')));
}

}  // namespace hone::ship
