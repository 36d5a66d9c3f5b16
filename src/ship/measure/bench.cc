#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>

#include "ship/measure/conditions.h"
#include "ship/measure/memory.h"
#include "ship/measure/probes/energy.h"
#include "ship/measure/probes/monitor.h"

namespace hone::ship {

namespace {

int64_t ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

nlohmann::json memory_of(Session& s) {
  nlohmann::json j;
  auto m = sized<hone_memory_info>();
  if (hone_context_memory(s.context().get(), &m) == HONE_OK) {
    j["weights_bytes"] = m.weights_bytes;
    j["arena_bytes"] = m.arena_bytes;
    j["context_bytes"] = m.context_bytes;
  }
  j["engine_bytes"] = s.engine().info().file_bytes;
  if (auto peak = peak_rss_bytes()) {
    j["process_peak_rss_bytes"] = *peak;
  } else {
    j["process_peak_rss_bytes"] = "unavailable: /proc does not tell";
  }
  return j;
}

void read_steps(Session& s, BenchResult* r) {
  hone_context* c = s.context().get();
  int32_t n = s.engine().info().steps;
  std::vector<uint64_t> times(static_cast<size_t>(n), 0);
  if (hone_context_enable_timing(c, 1) != HONE_OK || hone_run(c) != HONE_OK ||
      hone_context_step_times(c, times.data(), n) != HONE_OK) {
    return;
  }
  hone_context_enable_timing(c, 0);
  for (int32_t i = 0; i < n; ++i) {
    auto info = sized<hone_step_info>();
    if (hone_context_step_info(c, i, &info) != HONE_OK) continue;
    r->steps_us.emplace_back(fmt::format("{} ({})", info.layer, info.kernel),
                             static_cast<double>(times[static_cast<size_t>(i)]) * 1e-3);
  }
}

// One measurement: the first frame, warm-up, the frames that count.
class Bench {
 public:
  Bench(Workload& work, const BenchOptions& o)
      : work_(work), o_(o), monitor_(monitor_options(o)), energy_(energy_options(o)) {
    r_.record = Record(work.staged(), o.capacity);
    r_.load_ms = o.load_ms;
    if (o.rate) r_.rate_per_second = o.rate->per_second;
  }

  Status measure() {
    energy_.idle();
    HONE_RETURN_IF_ERROR(first());
    const int64_t period = o_.rate ? ns(1 / o_.rate->per_second) : 0;
    HONE_ASSIGN(r_.warmup, warm_up(time_, work_, ns(o_.max_warmup_s), period));
    if (!r_.warmup.steady) r_.warnings.push_back(r_.warmup.why);
    r_.record.expect(expected());
    const Extent extent{ns(o_.duration_s), o_.min_samples};
    monitor_.start();
    energy_.start();
    start_ = shown_ = time_.now_ns();
    auto keep = [this](const Sample& s) { sample(s); };
    if (o_.rate) {
      HONE_ASSIGN(r_.rate, run_rate(time_, work_, extent, *o_.rate, keep));
    } else {
      HONE_RETURN_IF_ERROR(run_closed(time_, work_, extent, keep));
    }
    energy_.stop(r_.record.seen());
    evidence_ = monitor_.stop();
    energy_.idle();
    summarize_all();
    return {};
  }

  // What the machine did meanwhile goes into the conditions, which are those of before.
  BenchResult take(nlohmann::json conditions) {
    evidence_.add_to(&conditions);
    r_.conditions = std::move(conditions);
    r_.energy = energy_.result();
    for (std::string& w : evidence_.warnings) r_.warnings.push_back(std::move(w));
    return std::move(r_);
  }

 private:
  static MonitorOptions monitor_options(const BenchOptions& o) {
    MonitorOptions m;
    m.root = o.machine_root;
    return m;
  }
  static EnergyOptions energy_options(const BenchOptions& o) {
    EnergyOptions e;
    e.root = o.machine_root;
    e.idle_s = std::clamp(o.duration_s, 0.1, 2.0);
    return e;
  }

  Status first() {
    HONE_RETURN_IF_ERROR(work_.prepare(0));
    HONE_ASSIGN(FrameTimes t, work_.run(time_));
    r_.first_ms = static_cast<double>(t.end - t.begin) * 1e-6;
    return {};
  }

  // Samples to make room for, with a third to spare.
  int64_t expected() const {
    const int64_t each = std::max<int64_t>(r_.warmup.typical_ns, ns(r_.first_ms * 1e-3) / 10);
    double n = o_.duration_s * 1e9 / static_cast<double>(std::max<int64_t>(each, 100));
    if (o_.rate) n = std::min(n, o_.duration_s * o_.rate->per_second);
    return static_cast<int64_t>(std::min(n * 4 / 3, 1e15)) + o_.min_samples;
  }

  void sample(const Sample& s) {
    r_.record.add(s);
    monitor_.tick();
    energy_.tick();
    if (!o_.progress) return;
    const int64_t now = time_.now_ns();
    if (now - shown_ < 300'000'000) return;
    shown_ = now;
    o_.progress(r_.record.seen(), static_cast<double>(now - start_) * 1e-9, o_.duration_s);
  }

  void summarize_all() {
    const Record& d = r_.record;
    r_.latency_ms = summarize(to_ms(d.latency()));
    r_.latency_ms.samples = d.seen();
    r_.latency_ms.mean = d.mean() * 1e-6;
    r_.latency_ms.min = static_cast<double>(d.least()) * 1e-6;
    r_.latency_ms.max = static_cast<double>(d.greatest()) * 1e-6;
  }

  Workload& work_;
  const BenchOptions& o_;
  Monitor monitor_;
  EnergyProbe energy_;
  Evidence evidence_;
  MonotonicTime time_;
  BenchResult r_;
  int64_t start_ = 0, shown_ = 0;
};

}  // namespace

Result<BenchResult> bench(Session& s, Workload& work, const BenchOptions& options) {
  nlohmann::json before = read_conditions(options.machine_root);
  Bench b(work, options);
  HONE_RETURN_IF_ERROR(b.measure());
  BenchResult r = b.take(std::move(before));
  r.conditions["load_after"] = r.conditions["after"]["load"];
  r.conditions["warmup_runs"] = r.warmup.runs;
  r.conditions["steady"] = r.warmup.steady;
  r.conditions["mode"] = options.rate ? "rate" : "closed";
  r.memory = memory_of(s);
  read_steps(s, &r);
  return r;
}

Result<BenchResult> bench(Session& s, const BenchOptions& options) {
  auto shapes = options.shapes.empty() ? s.default_shapes() : options.shapes;
  HONE_RETURN_IF_ERROR(s.bind(shapes));
  Inputs noise;
  if (options.inputs.samples.empty()) noise = noise_inputs(s, shapes, options.inputs.same);
  const Inputs& inputs = options.inputs.samples.empty() ? noise : options.inputs;
  InferWork work(s, inputs);
  HONE_ASSIGN(BenchResult r, bench(s, work, options));
  r.conditions["inputs"] = inputs.to_json();
  return r;
}

nlohmann::json to_json(const BenchResult& r) {
  nlohmann::json latency = {{"mean", r.latency_ms.mean},
                            {"min", r.latency_ms.min},
                            {"max", r.latency_ms.max},
                            {"stddev", r.latency_ms.stddev}};
  for (const Percentile& p : r.latency_ms.percentiles) {
    std::string key = percentile_name(p.p);
    if (p.value) {
      latency[key] = *p.value;
    } else {
      latency[key] = nullptr;
    }
  }
  nlohmann::json steps = nlohmann::json::array();
  for (const auto& [layer, us] : r.steps_us) steps.push_back({{"layer", layer}, {"us", us}});
  nlohmann::json j = {{"schema", 1},
                      {"mode", r.rate ? "rate" : "closed"},
                      {"samples", r.latency_ms.samples},
                      {"latency_ms", latency},
                      {"memory", r.memory},
                      {"energy", r.energy},
                      {"conditions", r.conditions},
                      {"warnings", r.warnings},
                      {"steps", steps}};
  if (r.rate) {
    j["rate"] = {{"per_second", r.rate_per_second},
                 {"period_ms", r.rate->period_ns * 1e-6},
                 {"scheduled", r.rate->scheduled}};
    j["deadline_misses"] = r.rate->misses;
    j["longest_miss_streak"] = r.rate->longest_streak;
    j["skipped"] = r.rate->skipped;
  }
  j["warmup"] = {{"runs", r.warmup.runs},
                 {"seconds", r.warmup.seconds},
                 {"steady", r.warmup.steady},
                 {"first_ms", r.first_ms},
                 {"load_ms", nullptr}};
  if (r.load_ms) j["warmup"]["load_ms"] = *r.load_ms;
  return j;
}

}  // namespace hone::ship
