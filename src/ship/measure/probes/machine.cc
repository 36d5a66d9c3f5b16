#include "ship/measure/probes/machine.h"

#include <fmt/format.h>

namespace hone::ship {

using nlohmann::json;

namespace {

constexpr const char* dmi = "sys/class/dmi/id/";

// Firmware names that only hypervisors use.
bool of_hypervisor(const std::string& vendor, const std::string& product) {
  for (const char* name :
       {"QEMU", "VMware", "innotek", "VirtualBox", "Xen", "Amazon EC2", "Google Compute Engine",
        "Parallels", "bhyve", "OpenStack", "KVM", "Bochs", "Firecracker"}) {
    if (vendor.find(name) != std::string::npos || product.find(name) != std::string::npos) {
      return product.find(".metal") == std::string::npos;
    }
  }
  return vendor == "Microsoft Corporation" && product == "Virtual Machine";
}

bool has_hypervisor_flag(const SystemFiles& files) {
  auto text = files.text("proc/cpuinfo");
  if (!text.ok()) return false;
  for (std::string_view line : lines_of(*text)) {
    if (!line.starts_with("flags")) continue;
    for (std::string_view word : words_of(line)) {
      if (word == "hypervisor") return true;
    }
    return false;
  }
  return false;
}

json read_virtual(const SystemFiles& files) {
  if (auto type = files.name("sys/hypervisor/type")) return *type;
  std::string vendor = files.name(std::string(dmi) + "sys_vendor").value_or("");
  std::string product = files.name(std::string(dmi) + "product_name").value_or("");
  if (of_hypervisor(vendor, product)) return fmt::format("{} {}", vendor, product);
  if (auto compatible = files.name("proc/device-tree/hypervisor/compatible")) return *compatible;
  auto model = files.name("proc/device-tree/model");  // QEMU's machine of no real board
  if (model && model->find("dummy-virt") != std::string::npos) return *model;
  if (has_hypervisor_flag(files)) return "yes (the CPU's hypervisor flag)";
  bool asked =
      files.exists("proc/cpuinfo") &&
      (!vendor.empty() || files.exists("proc/device-tree") || files.exists("sys/firmware"));
  if (!asked) return unavailable("neither firmware nor CPU flags tell");
  return "no";
}

json read_container(const SystemFiles& files) {
  if (files.exists(".dockerenv")) return "docker";
  if (files.exists("run/.containerenv")) return "podman";
  if (auto manager = files.name("run/systemd/container")) return *manager;
  auto cgroup = files.text("proc/1/cgroup");
  if (!cgroup.ok()) return unavailable("no /proc/1/cgroup");
  for (const char* name : {"docker", "kubepods", "containerd", "lxc", "libpod"}) {
    if (cgroup->find(name) != std::string::npos) return name;
  }
  return "no";
}

json read_smt(const SystemFiles& files) {
  auto active = files.number("sys/devices/system/cpu/smt/active");
  if (!active.ok()) return unavailable("no cpu/smt/active");
  return *active != 0 ? "on" : "off";
}

// The word in brackets: "always [madvise] never".
json read_hugepages(const SystemFiles& files) {
  auto text = files.name("sys/kernel/mm/transparent_hugepage/enabled");
  size_t open = text ? text->find('[') : std::string::npos;
  size_t close = text ? text->find(']') : std::string::npos;
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return unavailable("the kernel has no transparent huge pages");
  }
  return text->substr(open + 1, close - open - 1);
}

json read_aslr(const SystemFiles& files) {
  auto n = files.number("proc/sys/kernel/randomize_va_space");
  if (!n.ok()) return unavailable("no randomize_va_space");
  return *n == 0 ? "off" : "on";
}

json read_clocksource(const SystemFiles& files) {
  auto name = files.name("sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (!name) return unavailable("no clocksource0");
  return *name;
}

json read_power_supply(const SystemFiles& files) {
  bool battery = false;
  for (const std::string& supply : files.names("sys/class/power_supply", "")) {
    std::string folder = "sys/class/power_supply/" + supply;
    auto type = files.name(folder + "/type");
    if (!type) continue;
    auto online = files.number(folder + "/online");
    if (*type == "Mains" && online.ok() && *online == 1) return "mains";
    auto status = files.name(folder + "/status");
    battery = battery || (*type == "Battery" && status && *status == "Discharging");
  }
  if (battery) return "battery";
  return unavailable("no power supply is described");
}

// "< POWER_MODEL ID=2 NAME=15W >" of /etc/nvpmodel.conf.
std::optional<std::string> mode_name(const std::string& conf, int64_t id) {
  std::string wanted = fmt::format("ID={}", id);
  for (std::string_view line : lines_of(conf)) {
    auto words = words_of(line);
    if (words.size() < 4 || words[0] != "<" || words[1] != "POWER_MODEL") continue;
    if (words[2] != wanted || !words[3].starts_with("NAME=")) continue;
    std::string name(words[3].substr(5));
    for (char& c : name) {
      if (c < ' ' || c > '~') c = '?';
    }
    return name;
  }
  return std::nullopt;
}

json read_power_mode(const SystemFiles& files) {
  // "pmode:0002" of a Jetson.
  auto status = files.name("var/lib/nvpmodel/status");
  if (status && status->starts_with("pmode:")) {
    auto id = whole_number(status->substr(6));
    auto conf = files.text("etc/nvpmodel.conf");
    auto name = id && conf.ok() ? mode_name(*conf, *id) : std::nullopt;
    if (name) return fmt::format("{} (mode {})", *name, *id);
    if (id) return fmt::format("mode {}", *id);
  }
  if (auto profile = files.name("sys/firmware/acpi/platform_profile")) return *profile;
  return unavailable("neither nvpmodel nor a platform profile");
}

}  // namespace

json read_machine(const SystemFiles& files) {
  return {{"virtual", read_virtual(files)},
          {"container", read_container(files)},
          {"smt", read_smt(files)},
          {"transparent_hugepages", read_hugepages(files)},
          {"aslr", read_aslr(files)},
          {"clocksource", read_clocksource(files)},
          {"power_supply", read_power_supply(files)},
          {"power_mode", read_power_mode(files)}};
}

}  // namespace hone::ship
