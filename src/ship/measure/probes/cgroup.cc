#include "ship/measure/probes/cgroup.h"

#include <fmt/format.h>

#include <algorithm>

namespace hone::ship {

namespace {

struct Mount {
  std::string folder, root;  // relative to the root folder; what of the hierarchy is shown there
};

// The mount of a hierarchy: of version 2 where `controller` is empty.
std::optional<Mount> find_mount(std::string_view mountinfo, std::string_view controller) {
  for (std::string_view line : lines_of(mountinfo)) {
    // "32 31 0:29 /docker/ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct"
    auto words = words_of(line);
    auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 6 || words.end() - dash < 4) continue;
    bool fits = controller.empty() && dash[1] == "cgroup2";
    if (!controller.empty() && dash[1] == "cgroup") {
      std::string options = "," + std::string(dash[3]) + ",";
      fits = options.find("," + std::string(controller) + ",") != std::string::npos;
    }
    if (!fits || !words[4].starts_with("/") || words[4].find("..") != std::string_view::npos) {
      continue;
    }
    return Mount{std::string(words[4].substr(1)), std::string(words[3])};
  }
  return std::nullopt;
}

// The group of this process in that hierarchy, "/user.slice/session.scope".
std::optional<std::string> find_group(std::string_view cgroup, std::string_view controller) {
  for (std::string_view line : lines_of(cgroup)) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string names = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    std::string_view path = line.substr(second + 1);
    bool fits = controller.empty()
                    ? line.substr(0, second + 1) == "0::"
                    : names.find("," + std::string(controller) + ",") != std::string::npos;
    // Seen from outside its namespace a group begins with "/..": only the mounted part is ours.
    if (fits && path.find("..") == std::string_view::npos) return std::string(path);
    if (fits) return "/";
  }
  return std::nullopt;
}

std::vector<std::string> find_folders(const SystemFiles& files, std::string_view mountinfo,
                                      std::string_view cgroup, std::string_view controller) {
  auto mount = find_mount(mountinfo, controller);
  auto group = find_group(cgroup, controller);
  if (!mount || !group) return {};
  // A container sees its own group as the top of the mount.
  if (mount->root != "/" && group->starts_with(mount->root)) {
    *group = group->substr(mount->root.size());
  }
  std::vector<std::string> folders;
  for (std::string at = *group; folders.size() < 64;) {
    while (at.ends_with('/')) at.pop_back();
    std::string folder = mount->folder + at;
    if (files.exists(folder)) folders.push_back(folder);
    if (at.empty()) return folders;
    at.resize(at.rfind('/') == std::string::npos ? 0 : at.rfind('/'));
  }
  return folders;
}

struct Quota {
  int64_t us = 0, period = 0;
};

std::optional<Quota> read_quota(const SystemFiles& files, const std::string& folder, int version,
                                bool* known) {
  Quota q;
  if (version == 2) {
    auto text = files.text(folder + "/cpu.max");  // the top group of a machine has none
    if (!text.ok()) return std::nullopt;
    auto words = words_of(*text);
    auto period = words.size() == 2 ? whole_number(words[1]) : std::nullopt;
    if (!period || *period <= 0) return std::nullopt;
    *known = true;
    auto us = whole_number(words[0]);
    if (!us || *us <= 0) return std::nullopt;
    q = {*us, *period};
  } else {
    auto us = files.number(folder + "/cpu.cfs_quota_us");
    auto period = files.number(folder + "/cpu.cfs_period_us");
    if (!us.ok() || !period.ok() || *period <= 0) return std::nullopt;
    *known = true;
    if (*us <= 0) return std::nullopt;  // -1: no limit
    q = {*us, *period};
  }
  return q;
}

nlohmann::json tightest_quota(const SystemFiles& files, const Cgroup& group) {
  bool known = false;
  std::optional<Quota> tightest;
  for (const std::string& folder : group.cpu) {
    auto q = read_quota(files, folder, group.version, &known);
    if (!q) continue;
    double cpus = static_cast<double>(q->us) / static_cast<double>(q->period);
    if (!tightest ||
        cpus < static_cast<double>(tightest->us) / static_cast<double>(tightest->period)) {
      tightest = q;
    }
  }
  if (tightest) return fmt::format("{} {}", tightest->us, tightest->period);
  if (known) return "max";
  return unavailable("no cgroup limit readable");
}

nlohmann::json lowest_memory(const SystemFiles& files, const Cgroup& group) {
  const char* leaf = group.version == 2 ? "/memory.max" : "/memory.limit_in_bytes";
  constexpr int64_t none = int64_t{1} << 62;  // version 1 says "no limit" as 2^63 less a page
  std::optional<int64_t> lowest;
  bool known = false;
  for (const std::string& folder : group.memory) {
    auto text = files.text(folder + leaf);
    if (!text.ok()) continue;
    auto bytes = whole_number(*text);
    known = known || bytes || *text == "max";
    if (bytes && *bytes >= 0 && *bytes < none && (!lowest || *bytes < *lowest)) lowest = bytes;
  }
  if (lowest) return *lowest;
  if (known) return "max";
  return unavailable("no cgroup limit readable");
}

nlohmann::json read_cpuset(const SystemFiles& files, const Cgroup& group) {
  for (const std::string& folder : group.cpuset) {
    for (const char* leaf : {"/cpuset.cpus.effective", "/cpuset.effective_cpus", "/cpuset.cpus"}) {
      auto text = files.text(folder + leaf);
      auto cpus = text.ok() ? cpu_list(*text) : std::nullopt;
      if (cpus) return cpu_list_text(*cpus);
    }
  }
  return unavailable("no cpuset group");
}

}  // namespace

Cgroup find_cgroup(const SystemFiles& files) {
  Cgroup g;
  auto cgroup = files.text("proc/self/cgroup");
  auto mountinfo = files.text("proc/self/mountinfo");
  if (!cgroup.ok() || !mountinfo.ok()) {
    g.why = "no control groups";
    return g;
  }
  // A machine may have both mounted; the controllers are with the version that shows their files.
  std::vector<std::string> unified = find_folders(files, *mountinfo, *cgroup, "");
  std::vector<std::string> cpu = find_folders(files, *mountinfo, *cgroup, "cpu");
  std::vector<std::string> memory = find_folders(files, *mountinfo, *cgroup, "memory");
  if (!cpu.empty() || !memory.empty()) {
    g.version = 1;
    g.cpu = std::move(cpu);
    g.memory = std::move(memory);
    g.cpuset = find_folders(files, *mountinfo, *cgroup, "cpuset");
  } else if (!unified.empty()) {
    g.version = 2;
    g.cpu = g.memory = g.cpuset = std::move(unified);
  } else {
    g.why = "no control group hierarchy is mounted";
  }
  return g;
}

CgroupUsage read_usage(const SystemFiles& files, const Cgroup& group) {
  CgroupUsage u;
  // A parent's throttling stops us as much as our own.
  for (const std::string& folder : group.cpu) {
    auto text = files.text(folder + "/cpu.stat");
    if (!text.ok()) continue;
    auto n = keyed_number(*text, "nr_throttled");
    auto us = keyed_number(*text, "throttled_usec");
    if (auto ns = keyed_number(*text, "throttled_time"); ns && !us) us = *ns / 1000;
    constexpr int64_t most = int64_t{1} << 50;  // 64 of them still add up
    if (n && *n >= 0) u.nr_throttled = u.nr_throttled.value_or(0) + std::min(*n, most);
    if (us && *us >= 0) u.throttled_us = u.throttled_us.value_or(0) + std::min(*us, most);
  }
  return u;
}

std::optional<int64_t> cgroup_peak_bytes(const SystemFiles& files, const Cgroup& group) {
  const char* leaf = group.version == 2 ? "/memory.peak" : "/memory.max_usage_in_bytes";
  for (const std::string& folder : group.memory) {
    auto bytes = files.number(folder + leaf);
    if (bytes.ok() && *bytes > 0) return *bytes;
  }
  return std::nullopt;
}

nlohmann::json read_limits(const SystemFiles& files, const Cgroup& group) {
  if (group.version == 0) return unavailable(group.why);
  return {{"version", group.version},
          {"cpu_max", tightest_quota(files, group)},
          {"memory_max", lowest_memory(files, group)},
          {"cpuset", read_cpuset(files, group)}};
}

}  // namespace hone::ship
