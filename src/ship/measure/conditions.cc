#include "ship/measure/conditions.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>

#include "common/base/hash.h"
#include "common/base/version.h"
#include "device/platform/target_detect.h"
#include "host/model/files.h"
#include "ship/measure/probes/affinity.h"
#include "ship/measure/probes/cgroup.h"
#include "ship/measure/probes/frequency.h"
#include "ship/measure/probes/load.h"
#include "ship/measure/probes/machine.h"
#include "ship/measure/probes/thermal.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string isa_names(IsaMask set) {
  std::string s;
  for (int i = 0; i < isa_count; ++i) {
    if (has(set, static_cast<Isa>(i)))
      s += (s.empty() ? "" : " ") + std::string(name(static_cast<Isa>(i)));
  }
  return s;
}

// "2400000 kHz" as one number: the highest, which is the core under load.
json highest(const Frequency& f) {
  if (f.khz.empty()) return unavailable(f.why);
  return f.max();
}

json hottest(const std::vector<Temperature>& temperatures) {
  auto it = std::max_element(
      temperatures.begin(), temperatures.end(),
      [](const Temperature& a, const Temperature& b) { return a.celsius < b.celsius; });
  if (it == temperatures.end()) return unavailable("no thermal zone");
  return it->celsius;
}

// "0-3 of 8 CPUs": fewer than there are is pinning, whoever did it.
std::string pinning(const SystemFiles& files, const std::vector<int>& cpus) {
  auto online = files.text("sys/devices/system/cpu/online");
  auto all = online.ok() ? cpu_list(*online) : std::nullopt;
  if (!all) return fmt::format("cpus {}", cpu_list_text(cpus));
  if (all->size() <= cpus.size()) return "none";
  return fmt::format("cpus {} of {}", cpu_list_text(cpus), all->size());
}

void describe_processor(json* j) {
  Target t = platform::detect_target();
  (*j)["cpu"] = t.cpu;
  (*j)["arch"] = name(t.arch);
  (*j)["isa"] = isa_names(t.isa);
  (*j)["cores"] = t.cores;
  (*j)["l2_bytes"] = t.l2_bytes;
  (*j)["l3_bytes"] = t.l3_bytes;
  (*j)["memory_bytes"] = t.memory_bytes;
}

}  // namespace

json read_conditions(const std::string& root) {
  SystemFiles files(root);
  std::vector<int> cpus = allowed_cpus();
  json j;
  j["hone"] = version;
  describe_processor(&j);
  j["governor"] = read_governor(files, cpus);
  j["frequency_khz"] = highest(read_frequency(files, cpus));
  j["frequency_limit"] = read_frequency_limit(files, cpus);
  j["turbo"] = read_turbo(files);
  std::vector<Temperature> temperatures = read_temperatures(files);
  j["temperature"] = hottest(temperatures);
  j["temperature_c"] = to_json(temperatures);
  j["load"] = read_load(files);
  j["pinning"] = pinning(files, cpus);
  json limits = read_limits(files, find_cgroup(files));
  // The flat name is what reports have had from the start.
  j["cgroup_cpu_max"] = limits.is_object() ? limits["cpu_max"] : limits;
  j["cgroup"] = std::move(limits);
  j.update(read_machine(files));
  utsname u{};
  if (uname(&u) == 0) j["kernel"] = fmt::format("{} {}", u.sysname, u.release);
  return j;
}

void add_engine(const hone_engine_info& info, int threads, const std::string& engine_path,
                json* conditions) {
  json& j = *conditions;
  j["threads"] = threads;
  if (info.precision != nullptr) j["precision"] = info.precision;
  j["model_hash"] = fmt::format("{:016x}", info.model_hash);
  auto file = map_file(engine_path);
  j["engine_hash"] = file.ok() ? json(fmt::format("{:016x}", hash64(file->bytes)))
                               : unavailable("the engine is in memory only");
}

std::string conditions_line(const json& c) {
  std::string load = c.value("load", "");
  return fmt::format("{}, {} cores, isa {}, load {}", c.value("cpu", "?"), c.value("cores", 0),
                     c.value("isa", "?"), load.substr(0, load.find(' ')));
}

}  // namespace hone::ship
