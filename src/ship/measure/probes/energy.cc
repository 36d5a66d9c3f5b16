#include "ship/measure/probes/energy.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "ship/measure/probes/command.h"
#include "ship/measure/probes/ina.h"
#include "ship/measure/probes/nvml.h"
#include "ship/measure/probes/pmic.h"
#include "ship/measure/probes/rapl.h"

namespace hone::ship {

using nlohmann::json;

namespace {

constexpr double long_enough_s = 10;  // shorter windows hold few of a sensor's own updates
constexpr double idle_agrees = 0.2;

double monotonic_seconds() {
  auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(t).count();
}

// A figure, or null with the reason among the notes.
struct Figures {
  double gross_j = 0, idle_w = 0, window_s = 0;
  int64_t runs = 0;
  double watts() const { return gross_j / window_s; }
  double net_j() const { return gross_j - idle_w * window_s; }
};

json to_json(const Figures& f, bool idle_known) {
  const auto n = static_cast<double>(f.runs);
  json j = {{"joules_per_inference", nullptr},
            {"gross_joules_per_inference", nullptr},
            {"idle_watts", idle_known ? json(f.idle_w) : json()},
            {"watts", nullptr}};
  if (f.gross_j > 0) {
    j["gross_joules_per_inference"] = f.gross_j / n;
    j["watts"] = f.watts();
    if (idle_known && f.net_j() > 0) j["joules_per_inference"] = f.net_j() / n;
  }
  return j;
}

}  // namespace

std::vector<EnergySource> find_energy_sources(const EnergyOptions& given) {
  EnergyOptions options = given;
  if (!options.commands) options.commands = [](const auto& words) { return run_command(words); };
  if (!options.now) options.now = monotonic_seconds;
  std::vector<EnergySource> found;
  const auto add = [&](std::optional<EnergySource> s) {
    if (s) found.push_back(std::move(*s));
  };
  add(find_rapl(options));
  add(find_ina(options));
  add(find_pmic(options));
  if (options.gpus && options.root == "/") {
    if (auto nvml = load_nvml(); nvml.ok()) add(find_nvml(*nvml));
  }
  return found;
}

EnergyProbe::EnergyProbe(EnergyOptions options) : options_(std::move(options)) {
  why_ = "this machine has no energy counter or power sensor that Hone knows";
  std::vector<EnergySource> sources = find_energy_sources(options_);
  for (EnergySource& s : sources) {
    if (s.meter == nullptr) continue;
    source_ = s.name;
    coverage_ = s.coverage;
    meter_ = std::move(s.meter);
    return;
  }
  if (sources.empty()) return;
  why_ = sources[0].name + ": " + sources[0].why;
  fix_ = sources[0].fix;
}

double EnergyProbe::now() const { return options_.now ? options_.now() : monotonic_seconds(); }

bool EnergyProbe::read(Reading* r) {
  if (meter_ == nullptr) return false;
  auto parts = meter_->read();
  if (!parts.ok() || parts->empty()) {
    why_ = fmt::format("{}: {}", source_, parts.ok() ? "nothing to read" : parts.status().text());
    meter_.reset();
    return false;
  }
  r->t_s = now();
  r->parts = std::move(*parts);
  return true;
}

std::vector<double> EnergyProbe::measure_idle() {
  Reading from, to;
  if (!read(&from)) return {};
  if (options_.sleep) {
    options_.sleep(options_.idle_s);
  } else {
    std::this_thread::sleep_for(std::chrono::duration<double>(options_.idle_s));
  }
  if (!read(&to) || !(to.t_s > from.t_s)) return {};
  std::vector<double> watts;
  for (size_t i = 0; i < to.parts.size(); ++i) {
    watts.push_back((to.parts[i].joules - from.parts[i].joules) / (to.t_s - from.t_s));
  }
  return watts;
}

void EnergyProbe::idle() { (last_.parts.empty() ? idle_before_ : idle_after_) = measure_idle(); }

void EnergyProbe::start() {
  runs_ = 0;
  idle_after_.clear();
  first_ = last_ = {};
  if (read(&first_)) due_s_ = first_.t_s + 1;
}

bool EnergyProbe::tick() {
  if (meter_ == nullptr || now() < due_s_) return false;
  Reading r;
  read(&r);
  due_s_ = now() + 1;
  return true;
}

void EnergyProbe::stop(int64_t runs) {
  runs_ = runs;
  read(&last_);
}

double EnergyProbe::idle_watts(size_t i) const {
  if (idle_before_.empty() || idle_after_.empty()) {
    return idle_before_.empty() ? idle_after_[i] : idle_before_[i];
  }
  return (idle_before_[i] + idle_after_[i]) / 2;
}

json EnergyProbe::notes(const json& total) const {
  json notes = json::array();
  double window = last_.t_s - first_.t_s;
  if (window < long_enough_s) {
    notes.push_back(
        fmt::format("{:.1f} s is short for energy: measure {} s or longer", window, long_enough_s));
  }
  double before = 0, after = 0;
  for (size_t i = 0; i < last_.parts.size(); ++i) {
    if (!last_.parts[i].counted) continue;
    if (!idle_before_.empty()) before += idle_before_[i];
    if (!idle_after_.empty()) after += idle_after_[i];
  }
  bool both = !idle_before_.empty() && !idle_after_.empty();
  if (both && std::abs(after - before) > idle_agrees * std::max(before, after)) {
    notes.push_back(fmt::format(
        "idle power was {:.2f} W before and {:.2f} W after: something else ran, or it was still "
        "cooling down",
        before, after));
  }
  if (total["gross_joules_per_inference"].is_null()) {
    notes.push_back("the counter did not move during the run");
  } else if (total["idle_watts"].is_null()) {
    notes.push_back("idle power was not measured, so only the gross figure is known");
  } else if (total["joules_per_inference"].is_null()) {
    notes.push_back("the run used no more than idle: no net figure");
  }
  return notes;
}

json EnergyProbe::result() const {
  json none = {{"joules_per_inference", nullptr},
               {"gross_joules_per_inference", nullptr},
               {"idle_watts", nullptr},
               {"source", unavailable(why_)}};
  if (!fix_.empty()) none["fix"] = fix_;
  double window = last_.t_s - first_.t_s;
  bool measured = !first_.parts.empty() && first_.parts.size() == last_.parts.size();
  if (!measured || !(window > 0) || runs_ <= 0) return none;
  bool idle_known = !idle_before_.empty() || !idle_after_.empty();
  Figures total{0, 0, window, runs_};
  json parts = json::object();
  for (size_t i = 0; i < last_.parts.size(); ++i) {
    Figures f{last_.parts[i].joules - first_.parts[i].joules, 0, window, runs_};
    if (idle_known) f.idle_w = idle_watts(i);
    parts[last_.parts[i].name] = to_json(f, idle_known);
    if (!last_.parts[i].counted) continue;
    total.gross_j += f.gross_j;
    total.idle_w += f.idle_w;
  }
  json j = to_json(total, idle_known);
  j["window_s"] = window;
  j["source"] = source_;
  j["coverage"] = coverage_;
  j["estimate"] = true;
  j["notes"] = notes(j);
  j["parts"] = std::move(parts);
  return j;
}

}  // namespace hone::ship
