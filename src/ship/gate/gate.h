// The gate: measured report and limits -> verdict with reasons. A pure function without I/O, so
// that it can be audited and tested on any numbers. docs/gate.md says it in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ship/gate/drop.h"
#include "ship/project/limits.h"

namespace hone::ship {

// An interval of 95 %; a side that the samples do not give is unset.
struct Bounds {
  std::optional<double> low, high;
};

// A measured figure, or why there is none.
struct Measured {
  std::optional<double> value;
  std::string why;                 // "not claimable: 20 of 130 samples", "unavailable: no RAPL"
  std::optional<Bounds> interval;  // unset: judged by its value alone
  int64_t samples = 0;             // that the interval is of
  std::optional<int64_t> needed;   // samples that would give what is missing
  std::string doubt;               // why it decides nothing: "measured on another machine: ..."

  static Measured of(double v) {
    Measured m;
    m.value = v;
    return m;
  }
  static Measured unavailable(std::string why) {
    Measured m;
    m.why = std::move(why);
    return m;
  }
};

struct Parity {
  bool ok = false;
  std::string text;             // what agrees or differs
  std::optional<double> worst;  // largest relative difference seen
  double tolerance = 0;         // that `ok` was found under; 0: not told
  bool sees = true;             // the inputs could have shown a difference
};

// The drop of a metric that no sample is right or wrong by (mAP, F1, PSNR), in its unit.
struct MetricDrop {
  std::string metric, unit;
  int64_t samples = 0;
  Drop drop;
};

struct GateReport {
#define HONE_LIMIT(key, ...) Measured key;
#define HONE_RULE(...)
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
  std::optional<double> rate;  // frames per second of the measurement; unset: closed
  // At most one of the two is set; neither: no labelled data.
  std::optional<Paired> overall;
  std::optional<MetricDrop> metric;
  std::vector<Paired> classes;
  Parity parity;
};

enum class Verdict { ship, no_ship, inconclusive };

struct Check {
  std::string key;   // the limit's: "p95_ms"
  std::string what;  // "p95 latency", "class 'Shirt'"
  Verdict verdict = Verdict::ship;
  std::string text;  // "0.41 ms [0.40, 0.43], limit 2"
  std::string unit;
  std::optional<double> value, low, high, limit;
  std::optional<int64_t> needed;    // samples that would decide, where it is inconclusive
  std::optional<double> mcnemar_p;  // of drops: two-sided, exact
};

struct GateResult {
  Verdict verdict = Verdict::ship;
  std::vector<Check> checks;         // every limit that is set, and parity
  std::vector<std::string> reasons;  // of the checks that did not pass, those that fail first
};

// The chance that any class of a family fails though none is beyond its limit. Critical classes are
// a family, the others another. Smaller than the tail of one interval: what stops a release by one
// class of many should be sure, and at this level a loss that matters is still found (gate_test).
constexpr double family_error = 0.01;

// NO SHIP where any check fails; else INCONCLUSIVE where any could not be decided; else SHIP. A
// check passes only if the upper bound of its interval is within the limit and fails only if the
// lower is beyond; a class also only if Holm's step-down test says so among its family.
GateResult decide(const GateReport& report, const Limits& limits);

// "SHIP", "NO SHIP: reasons", "INCONCLUSIVE: reasons"; five of them, and how many more.
std::string verdict_line(const GateResult& result);
// "SHIP", "NO SHIP", "INCONCLUSIVE"; "pass", "fail", "undecided"
const char* verdict_word(Verdict v);
const char* result_word(Verdict v);

}  // namespace hone::ship
