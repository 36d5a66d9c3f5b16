#include "ship/measure/probes/measurable.h"

#include <fmt/format.h>

#include "ship/measure/probes/affinity.h"
#include "ship/measure/probes/cgroup.h"
#include "ship/measure/probes/command.h"
#include "ship/measure/probes/energy.h"
#include "ship/measure/probes/frequency.h"
#include "ship/measure/probes/thermal.h"
#include "ship/measure/probes/throttle.h"

namespace hone::ship {

namespace {

constexpr const char* go_to_metal =
    "measure on the device itself: a virtual machine is not shown it";

void add_energy(const EnergyOptions& options, std::vector<Measurable>* all) {
  std::vector<EnergySource> sources = find_energy_sources(options);
  for (const EnergySource& s : sources) {
    bool readable = s.meter != nullptr;
    all->push_back(
        {"energy", readable, fmt::format("{}: {}", s.name, readable ? s.coverage : s.why), s.fix});
  }
  if (!sources.empty()) return;
  all->push_back({"energy", false, "no energy counter or power sensor that Hone knows",
                  "RAPL needs the kernel's intel_rapl_msr module, a board an INA sensor with its "
                  "hwmon driver; docs/measuring.md"});
}

Measurable throttling(const SystemFiles& files, const std::vector<int>& cpus,
                      const RunCommand& commands) {
  ThrottleState t = read_throttle(files, cpus, find_cgroup(files), commands);
  std::string text = fmt::format("{}", fmt::join(t.sources, ", "));
  bool by_frequency = !read_frequency(files, cpus).khz.empty();
  if (by_frequency) text += text.empty() ? "a frequency that falls" : ", a frequency that falls";
  if (t.of_processor || by_frequency) return {"throttling", true, text, ""};
  if (!text.empty()) text = " (but of limits on this process: " + text + ")";
  return {"throttling", false, "no throttle counter" + text, go_to_metal};
}

Measurable frequency(const SystemFiles& files, const std::vector<int>& cpus) {
  Frequency f = read_frequency(files, cpus);
  if (f.khz.empty()) return {"frequency", false, f.why, go_to_metal};
  auto mhz = [](int64_t khz) { return static_cast<double>(khz) * 1e-3; };
  return {"frequency", true, fmt::format("{:.0f} to {:.0f} MHz now", mhz(f.min()), mhz(f.max())),
          ""};
}

Measurable temperature(const SystemFiles& files) {
  std::vector<Temperature> all = read_temperatures(files);
  if (all.empty()) return {"temperature", false, "no thermal zone and no CPU sensor", go_to_metal};
  std::string text;
  for (size_t i = 0; i < all.size() && i < 4; ++i) {
    text += fmt::format("{}{} {:.1f} C", i == 0 ? "" : ", ", all[i].name, all[i].celsius);
  }
  if (all.size() > 4) text += fmt::format(" and {} more", all.size() - 4);
  return {"temperature", true, text, ""};
}

Measurable memory_peak(const SystemFiles& files) {
  auto bytes = cgroup_peak_bytes(files, find_cgroup(files));
  if (bytes) return {"memory peak", true, "of this process, and of its control group", ""};
  return {"memory peak", true, "of this process (its control group has no peak)", ""};
}

std::string word(const nlohmann::json& conditions, const char* key) {
  auto it = conditions.find(key);
  return it != conditions.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

std::vector<Measurable> find_measurables(EnergyOptions options) {
  options.threads = false;  // nothing is integrated here
  if (!options.commands) options.commands = [](const auto& words) { return run_command(words); };
  SystemFiles files(options.root);
  std::vector<int> cpus = allowed_cpus();
  std::vector<Measurable> all;
  add_energy(options, &all);
  all.push_back(throttling(files, cpus, options.commands));
  all.push_back(frequency(files, cpus));
  all.push_back(temperature(files));
  all.push_back(memory_peak(files));
  return all;
}

std::vector<std::string> quiet_hints(const nlohmann::json& c) {
  std::vector<std::string> hints;
  std::string governor = word(c, "governor");
  bool known = !governor.empty() && !governor.starts_with("unavailable");
  if (known && governor != "performance") {
    hints.push_back(
        fmt::format("governor {}: sudo cpupower frequency-set -g performance", governor));
  }
  auto limit = c.find("frequency_limit");
  if (limit != c.end() && limit->is_object() && (*limit)["khz"] < (*limit)["of_khz"]) {
    hints.push_back(fmt::format("frequency capped at {} of {} kHz (scaling_max_freq)",
                                (*limit)["khz"].get<int64_t>(), (*limit)["of_khz"].get<int64_t>()));
  }
  if (word(c, "turbo") == "on") {
    hints.push_back(
        "turbo on: the first seconds are faster than the rest; switch it off to compare");
  }
  if (word(c, "smt") == "on") {
    hints.push_back("SMT on: keep the other thread of each core idle (taskset), or switch it off");
  }
  if (word(c, "power_supply") == "battery") hints.push_back("on battery: connect mains power");
  std::string clock = word(c, "clocksource");
  if (clock == "hpet" || clock == "acpi_pm") {
    hints.push_back(fmt::format("clock source {}: each look at the clock costs about 1 us", clock));
  }
  std::string limit_cpu = word(c, "cgroup_cpu_max");
  if (!limit_cpu.empty() && limit_cpu != "max" && !limit_cpu.starts_with("unavailable")) {
    hints.push_back(
        fmt::format("control group limit {} us of CPU per period: runs beyond it stop "
                    "until the next",
                    limit_cpu));
  }
  return hints;
}

}  // namespace hone::ship
