#include "ship/measure/probes/throttle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hone::ship {

namespace {

// Per core and per package; every core of a package shows the package's count, so the highest of
// them is it (the sum over packages of many sockets is not needed to see it rise).
void read_x86(const SystemFiles& files, const std::vector<int>& cpus, ThrottleState* t) {
  std::optional<int64_t> cores, package;
  for (int cpu : cpus) {
    std::string folder = fmt::format("sys/devices/system/cpu/cpu{}/thermal_throttle/", cpu);
    if (auto n = files.number(folder + "core_throttle_count"); n.ok() && *n >= 0) {
      cores = cores.value_or(0) + std::min(*n, int64_t{1} << 40);
    }
    if (auto n = files.number(folder + "package_throttle_count"); n.ok() && *n >= 0) {
      package = std::max(package.value_or(0), *n);
    }
  }
  if (cores) t->counts["core_throttle_count"] = *cores;
  if (package) t->counts["package_throttle_count"] = *package;
  if (cores || package) t->sources.push_back("x86 thermal_throttle counts");
}

void read_jetson(const SystemFiles& files, ThrottleState* t) {
  bool any = false;
  for (const std::string& hwmon : files.names("sys/class/hwmon", "hwmon")) {
    std::string folder = "sys/class/hwmon/" + hwmon;
    for (const std::string& leaf : files.names(folder, "oc")) {
      if (!leaf.ends_with("_event_cnt")) continue;
      auto n = files.number(folder + "/" + leaf);
      if (!n.ok() || *n < 0) continue;
      t->counts[leaf] += std::min(*n, int64_t{1} << 40);
      any = true;
    }
  }
  if (any) t->sources.push_back("over-current event counts (oc*_event_cnt)");
}

bool cools_cpu(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.starts_with("processor") || name.find("cpu") != std::string::npos;
}

void read_cooling(const SystemFiles& files, ThrottleState* t) {
  bool any = false;
  for (const std::string& device : files.names("sys/class/thermal", "cooling_device")) {
    std::string folder = "sys/class/thermal/" + device;
    auto type = files.name(folder + "/type");
    if (!type || !cools_cpu(*type)) continue;
    auto level = files.number(folder + "/cur_state");
    if (!level.ok()) continue;  // -1 of an idle injector that is off reads as a level, not a fault
    int64_t& worst = t->levels[*type];
    worst = std::max(worst, *level);
    any = true;
  }
  if (any) t->sources.push_back("CPU cooling devices");
}

std::string rose(const std::string& what, int64_t from, int64_t to) {
  return fmt::format("{} rose by {} (from {} to {})", what, to - from, from, to);
}

}  // namespace

ThrottleState read_throttle(const SystemFiles& files, const std::vector<int>& cpus,
                            const Cgroup& group, const RunCommand& commands) {
  ThrottleState t;
  read_x86(files, cpus, &t);
  read_jetson(files, &t);
  read_cooling(files, &t);
  t.pi_bits = read_pi_throttled(files, commands);
  if (t.pi_bits) t.sources.push_back("Raspberry Pi get_throttled");
  t.of_processor = !t.sources.empty();
  CgroupUsage usage = read_usage(files, group);
  if (usage.nr_throttled) t.counts["cgroup_nr_throttled"] = *usage.nr_throttled;
  if (usage.throttled_us) t.counts["cgroup_throttled_us"] = *usage.throttled_us;
  if (usage.nr_throttled) t.sources.push_back("control group nr_throttled");
  return t;
}

std::vector<std::string> throttle_evidence(const ThrottleState& before,
                                           const ThrottleState& after) {
  std::vector<std::string> found;
  for (const auto& [name, to] : after.counts) {
    auto from = before.counts.find(name);
    if (from != before.counts.end() && to > from->second) {
      found.push_back(rose(name, from->second, to));
    }
  }
  for (const auto& [name, level] : after.levels) {
    if (level > 0) found.push_back(fmt::format("cooling device '{}' at level {}", name, level));
  }
  if (after.pi_bits) {
    uint32_t now = *after.pi_bits & pi_now_mask;
    uint32_t since = *after.pi_bits & ~before.pi_bits.value_or(~0u) & pi_since_boot_mask;
    for (const std::string& text : pi_throttled_text(now | since)) {
      found.push_back("Raspberry Pi: " + text);
    }
  }
  return found;
}

nlohmann::json to_json(const ThrottleState& t) {
  if (t.sources.empty()) return unavailable("no throttle counter is readable");
  nlohmann::json j = nlohmann::json::object();
  for (const auto& [name, n] : t.counts) j[name] = n;
  for (const auto& [name, level] : t.levels) j["cooling"][name] = level;
  if (t.pi_bits) {
    j["raspberry_pi"] = {{"bits", fmt::format("0x{:x}", *t.pi_bits)},
                         {"means", pi_throttled_text(*t.pi_bits)}};
  }
  return j;
}

}  // namespace hone::ship
