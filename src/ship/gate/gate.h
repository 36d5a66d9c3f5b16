// The gate: measured report and limits -> verdict with reasons. A pure function without I/O, so
// that it can be audited and tested on any numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ship/project/limits.h"

namespace hone::ship {

// A measured figure, or why there is none.
struct Measured {
  std::optional<double> value;
  std::string why;  // "not claimable: 20 of 130 samples", "unavailable: no RAPL"
  static Measured of(double v) { return {v, ""}; }
  static Measured unavailable(std::string why) { return {std::nullopt, std::move(why)}; }
};

// Paired outcomes of baseline and engine on the same samples.
struct Paired {
  std::string name;  // of the class; "" overall
  int64_t samples = 0;
  int64_t lost = 0;    // baseline right, engine wrong
  int64_t gained = 0;  // baseline wrong, engine right
};

// Drop in points with its 95 % interval: difference of paired proportions d = (lost - gained) / n,
// variance (lost + gained - (lost - gained)^2 / n) / n^2 (Wald; McNemar's setting).
struct Drop {
  double points = 0, low = 0, high = 0;
};
Drop drop_of(const Paired& p);

struct GateReport {
  Measured p50_ms, p90_ms, p95_ms, p99_ms;
  Measured peak_memory_mb, engine_mb, energy_mj;
  std::optional<Paired> overall;  // nullopt: no labelled data
  std::vector<Paired> classes;
  bool parity_ok = false;
  std::string parity_text;  // what differs
};

enum class Verdict { ship, no_ship, inconclusive };

struct Check {
  std::string what;  // "p95 latency"
  Verdict verdict = Verdict::ship;
  std::string text;  // "0.41 ms, limit 2.00"
};

struct GateResult {
  Verdict verdict = Verdict::ship;
  std::vector<Check> checks;         // every limit that is set, and parity
  std::vector<std::string> reasons;  // of the checks that did not pass
};

// NO SHIP where any check fails; else INCONCLUSIVE where any could not be decided; else SHIP. A
// drop ships only if the upper bound of its interval is within the limit, fails if the lower is
// beyond.
GateResult decide(const GateReport& report, const Limits& limits);

// "SHIP", "NO SHIP: reasons", "INCONCLUSIVE: reasons"
std::string verdict_line(const GateResult& result);

}  // namespace hone::ship
