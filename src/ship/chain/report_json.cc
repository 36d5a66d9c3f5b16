#include "ship/chain/report_json.h"

#include <fmt/format.h>

#include "ship/measure/stats.h"

namespace hone::ship {

using nlohmann::json;

namespace {

Measured latency(const json& bench, double p) {
  const json& v = bench.at("latency_ms").at(percentile_name(p));
  if (!v.is_null()) return Measured::of(v.get<double>());
  return Measured::unavailable(fmt::format("not claimable: {} of {} samples",
                                           bench.at("samples").get<int64_t>(), samples_needed(p)));
}

Measured bytes_or_why(const json& v) {
  if (v.is_number()) return Measured::of(v.get<double>() * 1e-6);
  return Measured::unavailable(v.get<std::string>());
}

}  // namespace

GateReport gate_report(const json& stages) {
  GateReport g;
  const json& bench = stages.at("bench");
  g.p50_ms = latency(bench, 0.5);
  g.p90_ms = latency(bench, 0.9);
  g.p95_ms = latency(bench, 0.95);
  g.p99_ms = latency(bench, 0.99);
  g.peak_memory_mb = bytes_or_why(bench.at("memory").at("peak_rss_bytes"));
  g.engine_mb = bytes_or_why(stages.at("build").at("bytes"));
  g.energy_mj = Measured::unavailable(bench.at("energy").at("source").get<std::string>());
  g.parity_ok = stages.at("parity").at("ok").get<bool>();
  g.parity_text = stages.at("parity").at("text").get<std::string>();
  const json& a = stages.at("accuracy");
  if (!a.contains("samples")) return g;
  g.overall = Paired{"", a.at("samples").get<int64_t>(), a.at("lost").get<int64_t>(),
                     a.at("gained").get<int64_t>()};
  for (const json& c : a.at("classes")) {
    g.classes.push_back({c.at("name").get<std::string>(), c.at("samples").get<int64_t>(),
                         c.at("lost").get<int64_t>(), c.at("gained").get<int64_t>()});
  }
  return g;
}

}  // namespace hone::ship
