#include "ship/measure/probes/frequency.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace hone::ship {

namespace {

constexpr const char* no_cpufreq = "no cpufreq (virtual machine?)";

std::string cpufreq(int cpu, const char* leaf) {
  return fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/{}", cpu, leaf);
}

}  // namespace

int64_t Frequency::min() const { return *std::min_element(khz.begin(), khz.end()); }
int64_t Frequency::max() const { return *std::max_element(khz.begin(), khz.end()); }

Frequency read_frequency(const SystemFiles& files, const std::vector<int>& cpus) {
  Frequency f;
  for (int cpu : cpus) {
    auto khz = files.number(cpufreq(cpu, "scaling_cur_freq"));
    if (khz.ok() && *khz > 0) f.khz.push_back(*khz);
  }
  if (f.khz.empty()) f.why = no_cpufreq;
  return f;
}

nlohmann::json to_json(const Frequency& f) {
  if (f.khz.empty()) return unavailable(f.why);
  return {{"min", f.min()}, {"max", f.max()}};
}

nlohmann::json read_governor(const SystemFiles& files, const std::vector<int>& cpus) {
  std::map<std::string, std::vector<int>> found;
  for (int cpu : cpus) {
    if (auto name = files.name(cpufreq(cpu, "scaling_governor"))) found[*name].push_back(cpu);
  }
  if (found.empty()) return unavailable(no_cpufreq);
  if (found.size() == 1) return found.begin()->first;
  std::string text;
  for (const auto& [name, which] : found) {
    text += fmt::format("{}{} (cpus {})", text.empty() ? "" : ", ", name, cpu_list_text(which));
  }
  return text;
}

nlohmann::json read_turbo(const SystemFiles& files) {
  auto off = files.number("sys/devices/system/cpu/intel_pstate/no_turbo");
  if (off.ok() && (*off == 0 || *off == 1)) return *off == 0 ? "on" : "off";
  auto on = files.number("sys/devices/system/cpu/cpufreq/boost");
  if (on.ok() && (*on == 0 || *on == 1)) return *on == 1 ? "on" : "off";
  return unavailable("neither intel_pstate/no_turbo nor cpufreq/boost");
}

nlohmann::json read_frequency_limit(const SystemFiles& files, const std::vector<int>& cpus) {
  int64_t limit = 0, of = 0;
  for (int cpu : cpus) {
    auto set = files.number(cpufreq(cpu, "scaling_max_freq"));
    auto could = files.number(cpufreq(cpu, "cpuinfo_max_freq"));
    if (!set.ok() || !could.ok() || *set <= 0 || *could <= 0) continue;
    // Cores of two kinds have two ceilings: the one capped hardest is what is told.
    if (of == 0 || static_cast<double>(*set) / static_cast<double>(*could) <
                       static_cast<double>(limit) / static_cast<double>(of)) {
      limit = *set;
      of = *could;
    }
  }
  if (of == 0) return unavailable(no_cpufreq);
  return {{"khz", limit}, {"of_khz", of}};
}

}  // namespace hone::ship
