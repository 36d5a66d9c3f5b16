#include "ship/measure/probes/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ship/measure/probes/affinity.h"
#include "ship/measure/probes/command.h"

namespace hone::ship {

using nlohmann::json;

namespace {

// Reading a CPU's frequency may wake it, so of many only a few are watched.
constexpr size_t max_watched = 8, max_samples = 1 << 20, max_timeline = 240;
constexpr double fell_by = 0.05;  // of the frequency under load that the run began with
constexpr double slow_clock = 0.8;
constexpr double notable_cpus = 0.25, notable_steal = 0.02;

std::vector<int> spread(const std::vector<int>& cpus) {
  if (cpus.size() <= max_watched) return cpus;
  std::vector<int> some;
  for (size_t i = 0; i < max_watched; ++i) some.push_back(cpus[i * cpus.size() / max_watched]);
  return some;
}

template <class T>
T median_of(std::vector<T> v) {
  auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

// {"min", "median", "max"}, or unavailable.
template <class T>
json range_of(const std::vector<T>& v, const char* why) {
  if (v.empty()) return unavailable(why);
  auto [low, high] = std::minmax_element(v.begin(), v.end());
  return {{"min", *low}, {"median", median_of(v)}, {"max", *high}};
}

template <class T>
json or_null(const std::optional<T>& v) {
  return v ? json(*v) : json();
}

}  // namespace

void Evidence::add_to(json* conditions) const {
  json& j = *conditions;
  j["before"] = before;
  j["during"] = during;
  j["after"] = after;
  j["throttled"] = throttled;
  j["throttle_evidence"] = reasons;
  j["throttle_sources"] = sources;
}

Monitor::Monitor(MonitorOptions options) : options_(std::move(options)), files_(options_.root) {
  if (!options_.commands) options_.commands = [](const auto& words) { return run_command(words); };
  cpus_ = options_.cpus.empty() ? allowed_cpus() : options_.cpus;
  watched_ = spread(cpus_);
  cgroup_ = find_cgroup(files_);
}

double Monitor::now() const {
  if (options_.now) return options_.now();
  auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(t).count();
}

Monitor::Edge Monitor::read_edge() const {
  Edge e;
  e.throttle = read_throttle(files_, cpus_, cgroup_, options_.commands);
  e.json["frequency_khz"] = to_json(read_frequency(files_, cpus_));
  e.json["temperature_c"] = to_json(read_temperatures(files_));
  e.json["throttle"] = to_json(e.throttle);
  e.json["load"] = read_load(files_);
  auto others = other_runnable(files_);
  e.json["runnable"] = others ? json(*others) : unavailable("no /proc/loadavg");
  e.json["pressure"] = read_pressure(files_);
  e.time = read_cpu_time(files_);
  e.t_s = now();
  return e;
}

Monitor::Sample Monitor::read_sample() const {
  Sample s;
  s.t_s = now() - before_.t_s;
  Frequency f = read_frequency(files_, watched_);
  if (!f.khz.empty()) {
    s.khz_min = f.min();
    s.khz_max = f.max();
  }
  for (const Temperature& t : read_temperatures(files_)) {
    s.celsius = std::max(s.celsius.value_or(t.celsius), t.celsius);
  }
  s.others = other_runnable(files_);
  s.nr_throttled = read_usage(files_, cgroup_).nr_throttled;
  // Starting vcgencmd here would disturb; looking for a file that is not there is wasted.
  if (before_.throttle.pi_bits) s.pi_bits = read_pi_throttled(files_, {});
  return s;
}

void Monitor::start() {
  samples_.clear();
  before_ = read_edge();
  due_s_ = before_.t_s + options_.period_s;
}

bool Monitor::tick() {
  if (now() < due_s_) return false;
  if (samples_.size() < max_samples) samples_.push_back(read_sample());
  due_s_ = now() + options_.period_s;
  return true;
}

void Monitor::find_throttling(const Edge& after, Evidence* e) const {
  e->reasons = throttle_evidence(before_.throttle, after.throttle);
  e->sources = after.throttle.sources;
  for (const Sample& s : samples_) {
    if (s.pi_bits && (*s.pi_bits & pi_now_mask) != 0) {
      std::string text = fmt::format("Raspberry Pi: {} ({:.0f} s into the run)",
                                     pi_throttled_text(*s.pi_bits & pi_now_mask).front(), s.t_s);
      e->reasons.push_back(text);
      break;  // the first is enough; before and after tell the rest
    }
  }
  size_t told = e->sources.size();
  if (options_.back_to_back) find_fallen_clock(e);
  bool of_processor = after.throttle.of_processor || e->sources.size() > told;
  if (!e->reasons.empty()) {
    e->throttled = true;
    e->warnings.push_back("throttled: " + fmt::format("{}", fmt::join(e->reasons, "; ")));
  } else if (!of_processor) {
    e->throttled = unavailable("this machine shows neither throttle counts nor frequencies");
  } else {
    e->throttled = false;
  }
}

// From the first to the last fifth of the readings, at least two of them each.
void Monitor::find_fallen_clock(Evidence* e) const {
  std::vector<int64_t> khz;
  for (const Sample& s : samples_) {
    if (s.khz_max) khz.push_back(*s.khz_max);
  }
  size_t part = std::max<size_t>(2, khz.size() / 5);
  if (khz.size() < 3 * part) return;
  e->sources.push_back("frequency during the run");
  auto n = static_cast<std::ptrdiff_t>(part);
  auto first = median_of(std::vector<int64_t>(khz.begin(), khz.begin() + n));
  auto last = median_of(std::vector<int64_t>(khz.end() - n, khz.end()));
  double fell = 1 - static_cast<double>(last) / static_cast<double>(first);
  if (fell <= fell_by) return;
  e->reasons.push_back(
      fmt::format("frequency fell by {:.0f} % (from {} to {} kHz)", 100 * fell, first, last));
}

// At a pace most governors let the clock fall between frames, and every frame begins slowly.
void Monitor::find_slow_clock(Evidence* e) const {
  std::vector<int64_t> khz;
  for (const Sample& s : samples_) {
    if (s.khz_max) khz.push_back(*s.khz_max);
  }
  json limit = read_frequency_limit(files_, cpus_);
  if (khz.size() < 2 || !limit.is_object()) return;
  double ran = static_cast<double>(median_of(khz)), could = limit["khz"].get<double>();
  if (ran > slow_clock * could) return;
  e->warnings.push_back(fmt::format(
      "the clock ran at {:.1f} of {:.1f} GHz: the governor ({}) lets it fall between frames",
      ran * 1e-6, could * 1e-6, read_governor(files_, cpus_).get<std::string>()));
}

void Monitor::find_others(const Edge& after, Evidence* e) const {
  double seconds = after.t_s - before_.t_s;
  if (!before_.time || !after.time || !(seconds > 0)) {
    e->during["others_cpus"] = unavailable("no /proc/stat");
    return;
  }
  OthersTime o = others_between(*before_.time, *after.time, seconds);
  e->during["others_cpus"] = o.cpus;
  e->during["steal_cpus"] = o.steal;
  if (!o.busiest.empty()) e->during["busiest"] = o.busiest;
  // Ticks are 10 ms: a short run's share of them is noise.
  if (seconds < 0.2) return;
  if (o.cpus > notable_cpus) {
    e->warnings.push_back(fmt::format("other tasks used {:.1f} of {} CPUs meanwhile{}", o.cpus,
                                      cpus_.size(),
                                      o.busiest.empty() ? "" : " (" + o.busiest + ")"));
  }
  if (o.steal > notable_steal) {
    e->warnings.push_back(fmt::format(
        "the host of this virtual machine took {:.2f} CPUs away meanwhile (steal)", o.steal));
  }
}

json Monitor::describe_samples() const {
  std::vector<int64_t> low, high, others;
  std::vector<double> celsius;
  for (const Sample& s : samples_) {
    if (s.khz_min) low.push_back(*s.khz_min);
    if (s.khz_max) high.push_back(*s.khz_max);
    if (s.others) others.push_back(*s.others);
    if (s.celsius) celsius.push_back(*s.celsius);
  }
  const char* why = samples_.empty() ? "the run was shorter than the period of readings"
                                     : "nothing to read on this machine";
  json j = {{"readings", samples_.size()},
            {"frequency_khz", range_of(high, why)},
            {"temperature_c", range_of(celsius, why)},
            {"runnable", range_of(others, why)}};
  if (!low.empty()) j["frequency_khz"]["min"] = *std::min_element(low.begin(), low.end());
  json timeline = json::array();
  size_t step = std::max<size_t>(1, (samples_.size() + max_timeline - 1) / max_timeline);
  for (size_t i = 0; i < samples_.size(); i += step) {
    const Sample& s = samples_[i];
    timeline.push_back({{"t_s", s.t_s},
                        {"khz", or_null(s.khz_max)},
                        {"c", or_null(s.celsius)},
                        {"others", or_null(s.others)},
                        {"nr_throttled", or_null(s.nr_throttled)}});
  }
  j["timeline"] = std::move(timeline);
  return j;
}

Evidence Monitor::stop() {
  Edge after = read_edge();
  Evidence e;
  e.before = before_.json;
  e.after = after.json;
  e.during = describe_samples();
  find_throttling(after, &e);
  if (!options_.back_to_back) find_slow_clock(&e);
  find_others(after, &e);
  return e;
}

}  // namespace hone::ship
