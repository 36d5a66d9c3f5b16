#include "ship/gate/gate.h"

#include <fmt/format.h>

#include <cmath>

namespace hone::ship {

Drop drop_of(const Paired& p) {
  if (p.samples == 0) return {0, -100, 100};
  auto n = static_cast<double>(p.samples);
  auto lost = static_cast<double>(p.lost), gained = static_cast<double>(p.gained);
  double d = (lost - gained) / n;
  double variance = (lost + gained - (lost - gained) * (lost - gained) / n) / (n * n);
  double half = 1.959964 * std::sqrt(std::max(variance, 0.0));
  return {100 * d, 100 * (d - half), 100 * (d + half)};
}

namespace {

class Decision {
 public:
  GateResult result;

  void upper(const char* what, const char* unit, const Measured& m, std::optional<double> limit) {
    if (!limit) return;
    if (!m.value) {
      add(what, Verdict::inconclusive, fmt::format("{} (limit {:g} {})", m.why, *limit, unit));
      return;
    }
    Verdict v = *m.value <= *limit ? Verdict::ship : Verdict::no_ship;
    add(what, v, fmt::format("{:.4g} {}, limit {:g}", *m.value, unit, *limit));
  }

  void drop(const std::string& what, const Paired& p, double limit) {
    Drop d = drop_of(p);
    Verdict v = d.high <= limit ? Verdict::ship
                : d.low > limit ? Verdict::no_ship
                                : Verdict::inconclusive;
    add(what, v,
        fmt::format("drop {:.2f} points [{:.2f}, {:.2f}], limit {:g}", d.points, d.low, d.high,
                    limit));
  }

  void add(std::string what, Verdict v, std::string text) {
    if (v != Verdict::ship) result.reasons.push_back(what + " " + text);
    if (v == Verdict::no_ship) result.verdict = v;
    if (v == Verdict::inconclusive && result.verdict == Verdict::ship) result.verdict = v;
    result.checks.push_back({std::move(what), v, std::move(text)});
  }
};

}  // namespace

GateResult decide(const GateReport& r, const Limits& limits) {
  Decision d;
  d.add("parity", r.parity_ok ? Verdict::ship : Verdict::no_ship, r.parity_text);
  d.upper("p50 latency", "ms", r.p50_ms, limits.p50_ms);
  d.upper("p90 latency", "ms", r.p90_ms, limits.p90_ms);
  d.upper("p95 latency", "ms", r.p95_ms, limits.p95_ms);
  d.upper("p99 latency", "ms", r.p99_ms, limits.p99_ms);
  d.upper("peak memory", "MB", r.peak_memory_mb, limits.peak_memory_mb);
  d.upper("engine size", "MB", r.engine_mb, limits.engine_mb);
  d.upper("energy", "mJ", r.energy_mj, limits.energy_mj);
  bool wants_data = limits.accuracy_drop || limits.class_drop;
  if (wants_data && !r.overall) {
    d.add("accuracy", Verdict::inconclusive, "unavailable: no labelled evaluation data");
  }
  if (limits.accuracy_drop && r.overall) d.drop("accuracy", *r.overall, *limits.accuracy_drop);
  if (limits.class_drop && r.overall && r.classes.empty()) {
    d.add("classes", Verdict::inconclusive, "unavailable: no class was counted");
  }
  if (limits.class_drop) {
    for (const Paired& p : r.classes)
      d.drop(fmt::format("class '{}'", p.name), p, *limits.class_drop);
  }
  return std::move(d.result);
}

std::string verdict_line(const GateResult& r) {
  const char* word = r.verdict == Verdict::ship      ? "SHIP"
                     : r.verdict == Verdict::no_ship ? "NO SHIP"
                                                     : "INCONCLUSIVE";
  if (r.reasons.empty()) return word;
  return fmt::format("{}: {}", word, fmt::join(r.reasons, "; "));
}

}  // namespace hone::ship
