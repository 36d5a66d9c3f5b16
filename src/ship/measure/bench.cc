#include "ship/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "ship/measure/conditions.h"
#include "ship/measure/memory.h"

namespace hone::ship {

namespace {

using Clock = std::chrono::steady_clock;

double ms_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

Result<double> one_run(Session& s) {
  Clock::time_point t = Clock::now();
  HONE_RETURN_IF_ERROR(s.run());
  return ms_between(t, Clock::now());
}

// Runs windows of some 50 ms until two in a row agree.
Status warm_up(Session& s, const BenchOptions& o, BenchResult* r) {
  Clock::time_point start = Clock::now();
  double before = 0;
  while (ms_between(start, Clock::now()) < o.max_warmup_s * 1e3) {
    std::vector<double> window;
    Clock::time_point begin = Clock::now();
    do {
      HONE_ASSIGN(double ms, one_run(s));
      window.push_back(ms);
    } while (window.size() < 5 || ms_between(begin, Clock::now()) < 50);
    r->warmup_runs += static_cast<int64_t>(window.size());
    double now = median(window);
    if (before > 0 && std::abs(now - before) <= 0.02 * before) {
      r->steady = true;
      return {};
    }
    before = now;
  }
  r->warnings.push_back("never steady: the machine is busy or its clock changes");
  return {};
}

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
  std::vector<uint64_t> ns(static_cast<size_t>(n), 0);
  if (hone_context_enable_timing(c, 1) != HONE_OK || hone_run(c) != HONE_OK ||
      hone_context_step_times(c, ns.data(), n) != HONE_OK) {
    return;
  }
  hone_context_enable_timing(c, 0);
  for (int32_t i = 0; i < n; ++i) {
    auto info = sized<hone_step_info>();
    if (hone_context_step_info(c, i, &info) != HONE_OK) continue;
    r->steps_us.emplace_back(fmt::format("{} ({})", info.layer, info.kernel),
                             static_cast<double>(ns[static_cast<size_t>(i)]) * 1e-3);
  }
}

}  // namespace

Tensor random_input(const IoInfo& io, const Dims& dims, uint64_t seed) {
  Tensor t(io.dtype, dims);
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    auto word = static_cast<uint32_t>(state >> 33);
    bool real = is_float(io.dtype);
    t.set(i, real ? static_cast<double>(word) * 0x1p-30 - 1 : static_cast<double>(word % 2));
  }
  return t;
}

Result<BenchResult> bench(Session& s, const BenchOptions& options) {
  BenchResult r;
  auto shapes = options.shapes.empty() ? s.default_shapes() : options.shapes;
  HONE_RETURN_IF_ERROR(s.bind(shapes));
  for (size_t i = 0; i < s.inputs().size(); ++i) {
    HONE_RETURN_IF_ERROR(s.set_input(i, random_input(s.inputs()[i], shapes[i], i + 1)));
  }
  r.conditions = read_conditions();
  HONE_RETURN_IF_ERROR(warm_up(s, options, &r));
  Clock::time_point start = Clock::now(), shown = start;
  r.samples_ms.reserve(1 << 16);
  while (ms_between(start, Clock::now()) < options.duration_s * 1e3 ||
         static_cast<int64_t>(r.samples_ms.size()) < options.min_samples) {
    HONE_ASSIGN(double ms, one_run(s));
    r.samples_ms.push_back(ms);
    if (options.progress && ms_between(shown, Clock::now()) > 300) {
      shown = Clock::now();
      options.progress(static_cast<int64_t>(r.samples_ms.size()), ms_between(start, shown) * 1e-3,
                       options.duration_s);
    }
  }
  r.latency_ms = summarize(r.samples_ms);
  r.conditions["load_after"] = read_conditions()["load"];
  r.conditions["warmup_runs"] = r.warmup_runs;
  r.conditions["steady"] = r.steady;
  r.conditions["mode"] = "closed";
  r.memory = memory_of(s);
  r.energy = {{"joules_per_inference", nullptr},
              {"source", "unavailable: this version reads no energy counters"}};
  read_steps(s, &r);
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
  return {{"schema", 1},
          {"samples", r.latency_ms.samples},
          {"latency_ms", latency},
          {"memory", r.memory},
          {"energy", r.energy},
          {"conditions", r.conditions},
          {"warnings", r.warnings},
          {"steps", steps}};
}

}  // namespace hone::ship
