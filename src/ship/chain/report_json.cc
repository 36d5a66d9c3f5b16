#include "ship/chain/report_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ship/chain/identity.h"
#include "ship/gate/needed.h"
#include "ship/gate/share.h"
#include "ship/measure/stats.h"

namespace hone::ship {

using nlohmann::json;

namespace {

// null where there is none, as where the samples do not give one.
std::optional<double> number(const json& v) {
  if (v.is_null()) return std::nullopt;
  return v.get<double>();
}

const json* find(const json& j, const char* key) {
  auto it = j.find(key);
  return it == j.end() || it->is_null() ? nullptr : &*it;
}

std::optional<Bounds> interval(const json& v) {
  if (v.is_null()) return Bounds{};
  return Bounds{number(v.at(0)), number(v.at(1))};
}

constexpr double percentiles[] = {0.5, 0.9, 0.95, 0.99, 0.999};

// One percentile of `latencies` ({"p50": ...}) with its interval: of `intervals` where the bench
// gives any, else from the value up to the early-stopping bound of `bounds` (99 %), else the value
// alone, which stands only where enough samples bound it.
Measured latency(const json& latencies, const json* intervals, const json* bounds, int64_t samples,
                 double p) {
  const std::string name = percentile_name(p);
  const json& v = latencies.at(name);
  if (v.is_null()) {
    Measured m = Measured::unavailable(
        fmt::format("not claimable: {} of {} samples", samples, samples_needed(p)));
    m.needed = samples_needed(p);
    return m;
  }
  Measured m = Measured::of(v.get<double>());
  m.samples = samples;
  // Where there are that many and still no interval, they depend on each other too much.
  if (samples < samples_for_percentile(p)) m.needed = samples_for_percentile(p);
  if (intervals != nullptr) {
    m.interval = interval(intervals->value(name, json()));
  } else if (bounds != nullptr && bounds->contains(name) && !bounds->at(name).is_null()) {
    m.interval = Bounds{m.value, bounds->at(name).get<double>()};
  }
  return m;
}

// Where stages are timed apart, latency_ms is capture-to-result and the engine's own stands among
// them; else latency_ms is the engine's.
void read_latencies(const json& bench, GateReport* g) {
  const auto samples = bench.at("samples").get<int64_t>();
  const json *intervals = find(bench, "intervals_ms"), *bounds = find(bench, "bounds_ms");
  const json* stages = find(bench, "stages_ms");
  const json& infer = stages != nullptr ? stages->at("infer") : bench.at("latency_ms");
  Measured* const of_infer[] = {&g->p50_ms, &g->p90_ms, &g->p95_ms, &g->p99_ms, &g->p99_9_ms};
  Measured* const of_total[] = {&g->total_p50_ms, &g->total_p90_ms, &g->total_p95_ms,
                                &g->total_p99_ms, &g->total_p99_9_ms};
  for (size_t i = 0; i < std::size(percentiles); ++i) {
    const double p = percentiles[i];
    if (stages == nullptr) {
      *of_infer[i] = latency(infer, intervals, bounds, samples, p);
      *of_total[i] =
          Measured::unavailable("unavailable: hone.toml describes no preprocessing to time");
    } else {
      *of_infer[i] =
          latency(infer, find(infer, "intervals_ms"), find(infer, "bounds_ms"), samples, p);
      *of_total[i] = latency(stages->at("total"), intervals, bounds, samples, p);
    }
  }
}

// Misses among the frames that were due; what was skipped was missed, too.
void read_rate(const json& bench, GateReport* g) {
  g->deadline_misses = Measured::unavailable("unavailable: measured back to back");
  if (bench.value("mode", "closed") != "rate") return;
  const json& rate = bench.at("rate");
  g->rate = rate.at("per_second").get<double>();
  const auto scheduled = rate.at("scheduled").get<int64_t>();
  const Share s = share_of(bench.at("deadline_misses").get<int64_t>(), scheduled,
                           bench.value("longest_miss_streak", int64_t{1}));
  g->deadline_misses = Measured::of(s.value);
  g->deadline_misses.interval = Bounds{s.low, s.high};
  g->deadline_misses.samples = scheduled;
}

Measured scaled_or_why(const json& v, double scale) {
  if (v.is_number()) return Measured::of(v.get<double>() * scale);
  return Measured::unavailable(v.is_null() ? "unavailable" : v.get<std::string>());
}

Measured energy(const json& e) {
  const json* joules = find(e, "joules_per_inference");
  if (joules != nullptr) return scaled_or_why(*joules, 1e3);
  return Measured::unavailable(e.at("source").get<std::string>());
}

// The ratio of medians as per cent more than the baseline's.
Measured increase(const json& stages) {
  const json* compared = find(stages, "compare");
  const json* ratio = compared != nullptr ? find(*compared, "ratio") : nullptr;
  if (ratio == nullptr) {
    return Measured::unavailable("unavailable: not compared with a baseline, run hone ship");
  }
  const auto percent = [](std::optional<double> r) {
    return r ? std::optional(100 * (*r - 1)) : std::nullopt;
  };
  Measured m;
  m.value = percent(number(ratio->at("value")));
  if (!m.value) m.why = "unavailable: the comparison has no ratio";
  m.interval = Bounds{percent(number(ratio->at("low"))), percent(number(ratio->at("high")))};
  if (const json* rounds = find(*compared, "rounds")) {
    m.samples = rounds->is_number() ? rounds->get<int64_t>() : 0;
  }
  return m;
}

// What was timed on another machine than the engine is for decides nothing.
void doubt_other_machines(const json& stages, const json& identity, GateReport* g) {
  const json& bench = stages.at("bench");
  std::string why = measured_elsewhere(identity, bench.at("conditions"));
  if (!why.empty()) why = "measured on another machine: " + why;
  for (Measured* m : {&g->p50_ms, &g->p90_ms, &g->p95_ms, &g->p99_ms, &g->p99_9_ms,
                      &g->total_p50_ms, &g->total_p90_ms, &g->total_p95_ms, &g->total_p99_ms,
                      &g->total_p99_9_ms, &g->deadline_misses, &g->energy_mj}) {
    m->doubt = why;
  }
  const json* compared = find(stages, "compare");
  const json* conditions = compared != nullptr ? find(*compared, "conditions") : nullptr;
  if (conditions == nullptr) return;
  why = measured_elsewhere(identity, *conditions);
  if (!why.empty()) g->latency_increase.doubt = "measured on another machine: " + why;
}

}  // namespace

GateReport gate_report(const json& stages, const json& identity) {
  GateReport g;
  const json& bench = stages.at("bench");
  read_latencies(bench, &g);
  read_rate(bench, &g);
  g.latency_increase = increase(stages);
  const json& memory = bench.at("memory");
  g.peak_memory_mb = scaled_or_why(memory.at("peak_rss_bytes"), 1e-6);
  g.arena_mb = memory.contains("arena_bytes")
                   ? scaled_or_why(memory["arena_bytes"], 1e-6)
                   : Measured::unavailable("unavailable: the report does not tell");
  g.engine_mb = scaled_or_why(stages.at("build").at("bytes"), 1e-6);
  g.energy_mj = energy(bench.at("energy"));
  doubt_other_machines(stages, identity, &g);
  const json& parity = stages.at("parity");
  g.parity.ok = parity.at("ok").get<bool>();
  g.parity.text = parity.at("text").get<std::string>();
  if (const json* worst = find(parity, "worst")) g.parity.worst = worst->get<double>();
  g.parity.tolerance = parity.value("tolerance", 0.0);
  g.parity.sees = parity.value("sees_differences", true);
  const json& a = stages.at("accuracy");
  if (!a.contains("samples")) return g;
  if (const json* drop = find(a, "drop")) {
    const auto bound = [&](const char* key, double open) {
      return number(drop->at(key)).value_or(open);
    };
    const double none = std::numeric_limits<double>::infinity();
    g.metric = MetricDrop{a.at("metric").get<std::string>(),
                          a.at("unit").get<std::string>(),
                          a.at("samples").get<int64_t>(),
                          {bound("points", none), bound("low", -none), bound("high", none)}};
    return g;
  }
  g.overall = Paired{"", a.at("samples").get<int64_t>(), a.at("lost").get<int64_t>(),
                     a.at("gained").get<int64_t>()};
  for (const json& c : a.at("classes")) {
    g.classes.push_back({c.at("name").get<std::string>(), c.at("samples").get<int64_t>(),
                         c.at("lost").get<int64_t>(), c.at("gained").get<int64_t>()});
  }
  return g;
}

json gate_json(const GateResult& result) {
  const auto number = [](const std::optional<double>& v) {
    return v && std::isfinite(*v) ? json(*v) : json();
  };
  json list = json::array();
  for (const Check& c : result.checks) {
    json j = {{"key", c.key},         {"what", c.what},         {"result", result_word(c.verdict)},
              {"text", c.text},       {"unit", c.unit},         {"value", number(c.value)},
              {"low", number(c.low)}, {"high", number(c.high)}, {"limit", number(c.limit)}};
    if (c.needed) j["needed"] = *c.needed;
    if (c.mcnemar_p) j["mcnemar_p"] = *c.mcnemar_p;
    list.push_back(std::move(j));
  }
  return list;
}

void mark_critical(json* accuracy, const Limits& limits) {
  if (!accuracy->contains("classes")) return;
  for (json& c : accuracy->at("classes")) {
    c["critical"] = is_critical(limits, c.at("name").get<std::string>());
  }
}

}  // namespace hone::ship
