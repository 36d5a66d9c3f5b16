#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>

#include "ship/measure/conditions.h"
#include "ship/measure/memory.h"
#include "ship/measure/probes/energy.h"
#include "ship/measure/rss_slope.h"
#include "ship/measure/usage_watch.h"

namespace hone::ship {

namespace {

int64_t ns(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

nlohmann::json memory_of(Session& s, const std::string& root) {
  nlohmann::json j;
  auto m = sized<hone_memory_info>();
  if (hone_context_memory(s.context().get(), &m) == HONE_OK) {
    j["weights_bytes"] = m.weights_bytes;
    j["arena_bytes"] = m.arena_bytes;
    j["context_bytes"] = m.context_bytes;
  }
  j["engine_bytes"] = s.engine().info().file_bytes;
  j["peak_rss_bytes"] = "unavailable: no process of its own was measured";
  j["process_peak_rss_bytes"] = "unavailable: /proc does not tell";
  if (auto peak = peak_rss_bytes()) j["process_peak_rss_bytes"] = *peak;
  const SystemFiles files(root);
  j["cgroup_peak_bytes"] = "unavailable: no control group tells its highest memory";
  if (auto peak = cgroup_peak_bytes(files, find_cgroup(files))) j["cgroup_peak_bytes"] = *peak;
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

MonitorOptions monitor_options(const BenchOptions& o) {
  MonitorOptions m;
  m.root = o.machine_root;
  m.back_to_back = !o.rate;
  return m;
}

EnergyOptions energy_options(const BenchOptions& o) {
  EnergyOptions e;
  e.root = o.machine_root;
  e.idle_s = std::clamp(o.duration_s, 0.1, 2.0);
  return e;
}

// A frame that could have begun when it was due, and did so later than this.
constexpr int64_t late_ns = 50'000;

// One measurement: idle, the first frame, warm-up, the frames that count.
class Bench {
 public:
  Bench(Workload& work, const BenchOptions& o)
      : work_(work), o_(o), monitor_(monitor_options(o)), energy_(energy_options(o)) {
    const Parts parts = work.staged() ? Parts::all : o.rate ? Parts::infer : Parts::none;
    r_.record = Record(parts, o.capacity);
    r_.load_ms = o.load_ms;
    if (o.rate) r_.rate_per_second = o.rate->per_second;
  }

  Result<BenchResult> measure() {
    energy_.idle();
    HONE_RETURN_IF_ERROR(first());
    const int64_t period = o_.rate ? ns(1 / o_.rate->per_second) : 0;
    HONE_ASSIGN(r_.warmup, warm_up(time_, work_, ns(o_.max_warmup_s), period));
    r_.overhead = measure_overhead(time_, o_.rate.has_value());
    r_.record.expect(expected());
    recent_.assign(1000, 0);
    watched_ = std::max(r_.warmup.typical_ns, ns(r_.first_ms * 1e-3) / 10) >= UsageWatch::least_ns;
    monitor_.start();
    energy_.start();
    start_ = time_.now_ns();
    usage_.since_last();
    looked_ = true;  // at the machine, just now
    HONE_RETURN_IF_ERROR(drive());
    energy_.stop(r_.record.seen());
    r_.evidence = monitor_.stop();
    energy_.idle();
    r_.energy = energy_.result();
    r_.findings = find(r_.record, watched_);
    r_.latency_ms = r_.findings.latency_ms;
    warn();
    r_.memory["slope_kb_per_1000_runs"] = rss_.slope();
    r_.memory["timeline"] = rss_.timeline();
    return std::move(r_);
  }

 private:
  Status first() {
    HONE_RETURN_IF_ERROR(work_.prepare(0));
    HONE_ASSIGN(FrameTimes t, work_.run(time_));
    r_.first_ms = static_cast<double>(t.end - t.begin) * 1e-6;
    return {};
  }

  Status drive() {
    const Extent extent{ns(o_.duration_s), o_.min_samples};
    auto keep = [this](const Sample& s) { sample(s); };
    if (!o_.rate) return run_closed(time_, work_, extent, keep);
    HONE_ASSIGN(r_.rate, run_rate(time_, work_, extent, *o_.rate, keep));
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
    uint8_t bits = watched_ ? usage_.since_last() : 0;
    if (looked_) bits |= harness;
    looked_ = false;
    if (s.wait > late_ns && ended_ < s.at) bits |= woken_late;
    ended_ = s.at + s.latency;
    r_.record.add(s, bits);
    recent_[static_cast<size_t>(r_.record.seen() - 1) % recent_.size()] =
        static_cast<double>(s.latency) * 1e-6;
    const int64_t now = time_.now_ns();
    if (now >= due_) look(now);
  }

  // Between frames, at most fifty times a second: all that looks at more than a clock.
  void look(int64_t now) {
    due_ = now + 20'000'000;
    looked_ = monitor_.tick();
    looked_ = energy_.tick() || looked_;
    rss_.tick(r_.record.seen(), now);
    if (now - shown_ >= 300'000'000) {
      shown_ = now;
      show(static_cast<double>(now - start_) * 1e-9);
      looked_ = true;
    }
    if (watched_) usage_.since_last();
  }

  void show(double spent) {
    if (o_.progress) o_.progress(r_.record.seen(), spent, o_.duration_s);
    if (!o_.live) return;
    const auto n = std::min(static_cast<size_t>(r_.record.seen()), recent_.size());
    std::vector<double> last(recent_.begin(), recent_.begin() + static_cast<ptrdiff_t>(n));
    std::sort(last.begin(), last.end());
    o_.live({r_.record.seen(), spent, o_.duration_s, quantile(last, 0.5), quantile(last, 0.99),
             static_cast<double>(r_.record.greatest()) * 1e-6});
  }

  void warn() {
    if (!r_.warmup.steady) r_.warnings.push_back(r_.warmup.why);
    if (r_.rate && r_.rate->gave_up) {
      r_.warnings.push_back(fmt::format(
          "this engine cannot keep {:g} frames/s: {} of {} were still waiting when it was given "
          "up; give a lower --rate, or --drop as a device would that takes the newest frame",
          r_.rate_per_second, r_.rate->skipped, r_.rate->scheduled));
    }
    for (std::string& w : warnings_of(r_.findings, r_.record)) r_.warnings.push_back(std::move(w));
    if (r_.findings.drift.notable()) r_.warnings.push_back(drift_text());
    for (const std::string& w : r_.evidence.warnings) r_.warnings.push_back(w);
  }

  // Throttled where the machine says so; else only that something changed.
  std::string drift_text() const {
    const double percent = r_.findings.drift.percent;
    std::string text = fmt::format("frames got {:.1f} % {} over the run: ", std::abs(percent),
                                   percent > 0 ? "slower" : "faster");
    if (r_.evidence.throttled == true) {
      return text + fmt::format("throttled ({})", fmt::join(r_.evidence.reasons, "; "));
    }
    if (percent < 0) return text + "not warm, or disturbed at first; give a longer --max-warmup";
    if (r_.evidence.throttled == false) {
      return text + fmt::format("disturbed, not throttled (looked at: {}); stop other programs",
                                fmt::join(r_.evidence.sources, ", "));
    }
    return text + "throttled or disturbed; this machine does not tell which (see conditions)";
  }

  Workload& work_;
  const BenchOptions& o_;
  MonotonicTime time_;
  BenchResult r_;
  Monitor monitor_;
  EnergyProbe energy_;
  RssSlope rss_;
  UsageWatch usage_;
  std::vector<double> recent_;  // latencies in ms, a ring
  bool watched_ = false, looked_ = false;
  int64_t start_ = 0, shown_ = 0, due_ = 0;
  int64_t ended_ = 0;  // the frame before, since the measurement began
};

}  // namespace

Result<BenchResult> bench(Session& s, Workload& work, const BenchOptions& options) {
  nlohmann::json conditions = read_conditions(options.machine_root);
  HONE_ASSIGN(BenchResult r, Bench(work, options).measure());
  r.conditions = std::move(conditions);
  r.evidence.add_to(&r.conditions);
  r.conditions["mode"] = options.rate ? "rate" : "closed";
  r.memory.update(memory_of(s, options.machine_root));
  read_steps(s, &r);
  return r;
}

Result<BenchResult> bench(Session& s, const BenchOptions& options) {
  auto shapes = options.shapes.empty() ? s.default_shapes() : options.shapes;
  const int64_t begin = MonotonicTime().now_ns();
  HONE_RETURN_IF_ERROR(s.bind(shapes));
  const double bind_ms = static_cast<double>(MonotonicTime().now_ns() - begin) * 1e-6;
  Inputs noise;
  if (options.inputs.samples.empty()) noise = noise_inputs(s, shapes, options.inputs.same);
  const Inputs& inputs = options.inputs.samples.empty() ? noise : options.inputs;
  InferWork work(s, inputs);
  HONE_ASSIGN(BenchResult r, bench(s, work, options));
  r.bind_ms = bind_ms;
  r.conditions["inputs"] = inputs.to_json();
  return r;
}

}  // namespace hone::ship
