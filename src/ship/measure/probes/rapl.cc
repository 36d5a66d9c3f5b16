#include "ship/measure/probes/rapl.h"

#include <fmt/format.h>

namespace hone::ship {

// Two files: since 5.16 some kernels hide the range of the counter as well.
const char* const rapl_udev_rule =
    "SUBSYSTEM==\"powercap\", KERNEL==\"intel-rapl:*\", ACTION==\"add\", "
    "RUN+=\"/bin/chmod a+r /sys%p/energy_uj /sys%p/max_energy_range_uj\"";

namespace {

constexpr double max_watts = 1e4;  // of one domain
constexpr const char* folder = "sys/class/powercap";

struct Zone {
  std::string path;  // of its folder
  std::string name;  // unique: "package-0", "dram-0", "psys"
  bool package = false;
  int64_t range_uj = 0, last_uj = 0;
  double joules = 0;
};

class RaplMeter : public EnergyMeter {
 public:
  RaplMeter(SystemFiles files, std::vector<Zone> zones, std::function<double()> now)
      : files_(std::move(files)), zones_(std::move(zones)), now_(std::move(now)), last_s_(now_()) {}

  Result<std::vector<EnergyPart>> read() override {
    std::vector<EnergyPart> parts;
    // A counter that a sleep of the machine set to 0 looks like one that wrapped, but for its
    // power; it moves in steps, so that very short times are no measure.
    double most_uj = max_watts * 1e6 * (now_() - last_s_ + 1);
    for (Zone& z : zones_) {
      if (!failed_.ok()) return failed_;
      auto now = files_.number(z.path + "/energy_uj");
      if (!now.ok()) return failed_ = now.status();
      auto step = counter_step(z.last_uj, *now, z.range_uj);
      if (!step || static_cast<double>(*step) > most_uj) {
        return failed_ =
                   corrupt(fmt::format("{}: the counter was reset or wrapped unseen", z.name));
      }
      z.last_uj = *now;
      z.joules += static_cast<double>(*step) * 1e-6;
      parts.push_back({z.name, z.joules, z.package});
    }
    last_s_ = now_();
    return parts;
  }

 private:
  SystemFiles files_;
  std::vector<Zone> zones_;
  std::function<double()> now_;
  double last_s_ = 0;
  Status failed_;
};

// "intel-rapl:0:2" lies in package 0. intel-rapl-mmio counts the same package once more.
std::string package_of(const std::string& zone) {
  size_t colon = zone.find(':');
  return zone.substr(colon + 1, zone.find(':', colon + 1) - colon - 1);
}

Result<Zone> open_zone(const SystemFiles& files, const std::string& zone, const std::string& name) {
  Zone z;
  z.path = std::string(folder) + "/" + zone;
  z.package = name.starts_with("package");
  z.name = name == "dram" ? "dram-" + package_of(zone) : name;
  HONE_ASSIGN(z.last_uj, files.number(z.path + "/energy_uj"));
  HONE_ASSIGN(z.range_uj, files.number(z.path + "/max_energy_range_uj"));
  if (z.range_uj <= 0 || z.last_uj < 0 || z.last_uj > z.range_uj) {
    return corrupt(z.path + ": energy beyond its range");
  }
  return z;
}

}  // namespace

std::optional<int64_t> counter_step(int64_t from, int64_t to, int64_t range) {
  if (range <= 0 || from < 0 || to < 0 || from > range || to > range) return std::nullopt;
  int64_t step = to >= from ? to - from : range - from + to;
  if (step > range / 2) return std::nullopt;
  return step;
}

std::optional<EnergySource> find_rapl(const EnergyOptions& options) {
  SystemFiles files(options.root);
  std::vector<Zone> zones;
  Status failed;
  bool packages = false, all_packages = true;
  for (const std::string& zone : files.names(folder, "intel-rapl:")) {
    auto name = files.name(std::string(folder) + "/" + zone + "/name");
    // Of a package's parts only memory is of use: core and uncore are within it.
    bool wanted = name && (name->starts_with("package") || *name == "dram" || *name == "psys");
    if (!wanted) continue;
    auto z = open_zone(files, zone, *name);
    if (!z.ok()) {
      // Without a package there is no total; without memory or the board there is.
      bool first = failed.ok() || name->starts_with("package");
      if (first) failed = z.status();
      all_packages = all_packages && !name->starts_with("package");
      continue;
    }
    packages = packages || z->package;
    zones.push_back(std::move(*z));
  }
  if (zones.empty() && failed.ok()) return std::nullopt;
  EnergySource s;
  s.name = "RAPL";
  s.coverage = "CPU packages (cores, caches, memory controller, built-in GPU); not the board";
  if (packages && all_packages) {
    s.meter = std::make_unique<RaplMeter>(files, std::move(zones), options.now);
    return s;
  }
  s.why = failed.ok() ? "RAPL has no package domain" : failed.text();
  // Root reads them everywhere; for others the rule is the cure where permission is the trouble.
  if (failed.code() == Code::io_error) {
    s.fix = fmt::format(
        "as root, write to /etc/udev/rules.d/70-hone-rapl.rules: {} (then: udevadm "
        "trigger --action=add --subsystem-match=powercap)",
        rapl_udev_rule);
  }
  return s;
}

}  // namespace hone::ship
