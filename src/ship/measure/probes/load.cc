#include "ship/measure/probes/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hone::ship {

namespace {

constexpr int64_t max_ticks = int64_t{1} << 50;

// The fields of a stat file behind the name, which may itself hold blanks and brackets: state,
// parent, ... ; *name as it is written. Nothing where there is no name.
std::optional<std::vector<std::string_view>> stat_fields(std::string_view text, std::string* name) {
  size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  *name = std::string(text.substr(open + 1, close - open - 1));
  for (char& c : *name) {
    if (c < ' ' || c > '~') c = '?';
  }
  return words_of(text.substr(close + 1));
}

struct Stat {
  CpuTime::Process process;  // its own time
  int64_t parent = 0;
  int64_t waited = 0;  // of children that have ended
};

std::optional<Stat> read_stat(const SystemFiles& files, const std::string& folder) {
  auto text = files.text(folder + "/stat");
  if (!text.ok()) return std::nullopt;
  Stat s;
  auto fields = stat_fields(*text, &s.process.name);
  if (!fields || fields->size() < 15) return std::nullopt;
  auto parent = whole_number((*fields)[1]);
  if (!parent) return std::nullopt;
  s.parent = *parent;
  for (size_t i = 11; i < 15; ++i) {  // utime stime cutime cstime
    auto n = whole_number((*fields)[i]);
    if (!n || *n < 0 || *n > max_ticks) return std::nullopt;
    (i < 13 ? s.process.ticks : s.waited) += *n;
  }
  return s;
}

std::optional<double> some_avg10(std::string_view text) {
  for (std::string_view line : lines_of(text)) {
    auto words = words_of(line);
    if (words.size() < 2 || words[0] != "some" || !words[1].starts_with("avg10=")) continue;
    std::string_view v = words[1].substr(6);
    double percent = 0;
    auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), percent);
    if (error != std::errc() || end != v.data() + v.size()) return std::nullopt;
    if (!(percent >= 0 && percent <= 100)) return std::nullopt;
    return percent;
  }
  return std::nullopt;
}

}  // namespace

nlohmann::json read_load(const SystemFiles& files) {
  auto text = files.name("proc/loadavg");
  if (!text) return unavailable("no /proc/loadavg");
  return *text;
}

std::optional<int64_t> other_runnable(const SystemFiles& files) {
  auto text = files.text("proc/loadavg");
  if (!text.ok()) return std::nullopt;
  auto words = words_of(*text);
  if (words.size() < 4) return std::nullopt;
  auto running = whole_number(words[3].substr(0, words[3].find('/')));
  if (!running || *running < 0) return std::nullopt;
  int64_t own = 0;
  for (const std::string& task : files.names("proc/self/task", "")) {
    auto stat = files.text("proc/self/task/" + task + "/stat");
    std::string name;
    auto fields = stat.ok() ? stat_fields(*stat, &name) : std::nullopt;
    own += fields && !fields->empty() && (*fields)[0] == "R";
  }
  return std::max<int64_t>(0, *running - own);
}

nlohmann::json read_pressure(const SystemFiles& files) {
  nlohmann::json j;
  for (const char* what : {"cpu", "memory", "io"}) {
    auto text = files.text(std::string("proc/pressure/") + what);
    auto percent = text.ok() ? some_avg10(*text) : std::nullopt;
    if (percent) j[what] = *percent;
  }
  if (j.is_null()) return unavailable("the kernel has no pressure stall information");
  return j;
}

std::optional<CpuTime> read_cpu_time(const SystemFiles& files) {
  auto text = files.text("proc/stat");
  auto own = read_stat(files, "proc/self");
  if (!text.ok() || !own) return std::nullopt;
  auto lines = lines_of(*text);
  auto words = lines.empty() ? std::vector<std::string_view>() : words_of(lines[0]);
  if (words.size() < 9 || words[0] != "cpu") return std::nullopt;
  CpuTime t;
  t.own = own->process.ticks + own->waited;
  // user nice system idle iowait irq softirq steal; guest time is within user.
  for (size_t i = 1; i <= 8; ++i) {
    auto n = whole_number(words[i]);
    if (!n || *n < 0 || *n > max_ticks) return std::nullopt;
    if (i == 8) t.steal = *n;
    if (i != 4 && i != 5 && i != 8) t.busy += *n;
  }
  auto self = std::to_string(getpid());
  for (const std::string& name : files.names("proc", "")) {
    auto id = whole_number(name);
    if (!id || name == self) continue;
    auto p = read_stat(files, "proc/" + name);
    if (!p) continue;
    if (p->parent == getpid()) {
      t.own += p->process.ticks + p->waited;
    } else {
      t.others.emplace(*id, std::move(p->process));
    }
  }
  return t;
}

OthersTime others_between(const CpuTime& before, const CpuTime& after, double seconds) {
  const auto per_second = [&](int64_t ticks) {
    return std::max(0.0, static_cast<double>(ticks) / 100 / seconds);
  };
  OthersTime o;
  o.cpus = per_second((after.busy - before.busy) - (after.own - before.own));
  o.steal = per_second(after.steal - before.steal);
  std::map<std::string, double> by_name;  // a compiler is many processes
  for (const auto& [id, process] : after.others) {
    auto was = before.others.find(id);
    int64_t from = was == before.others.end() ? 0 : was->second.ticks;
    by_name[process.name] += per_second(process.ticks - from);
  }
  std::vector<std::pair<double, std::string>> by_time;
  for (const auto& [name, cpus] : by_name) by_time.emplace_back(cpus, name);
  std::sort(by_time.rbegin(), by_time.rend());
  for (size_t i = 0; i < by_time.size() && i < 3 && by_time[i].first >= 0.05; ++i) {
    o.busiest +=
        fmt::format("{}{} {:.2f}", i == 0 ? "" : ", ", by_time[i].second, by_time[i].first);
  }
  return o;
}

}  // namespace hone::ship
