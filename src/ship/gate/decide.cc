#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/gate/classes.h"
#include "ship/gate/gate.h"
#include "ship/gate/needed.h"

namespace hone::ship {

namespace {

enum class Kind { latency, misses, increase, bytes, energy };

struct Figure {
  const char *key, *unit, *what;
  Kind kind;
  std::optional<double> Limits::*limit;
  Measured GateReport::*measured;
};
constexpr Figure figures[] = {
#define HONE_LIMIT(key, unit, largest, what, kind, source) \
  {#key, unit, what, Kind::kind, &Limits::key, &GateReport::key},
#define HONE_RULE(...)
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
};

std::string bounds_text(const Bounds& i) {
  const auto side = [](const std::optional<double>& v) {
    return v ? fmt::format("{:.4g}", *v) : std::string("?");
  };
  return fmt::format(" [{}, {}]", side(i.low), side(i.high));
}

// Numbers that can be: no NaN, the value inside its interval's order.
bool sane(const Measured& m) {
  if (std::isnan(*m.value)) return false;
  if (!m.interval) return true;
  const auto& [low, high] = *m.interval;
  if ((low && std::isnan(*low)) || (high && std::isnan(*high))) return false;
  return !low || !high || *low <= *high;
}

// How many samples would decide `c`, where that can be told.
void decide_later(const Figure& f, const Measured& m, const Bounds& i, double limit, Check* c) {
  const std::optional<double> edge = *m.value <= limit ? i.high : i.low;
  if (f.kind == Kind::misses && *m.value == 0) {
    c->needed = samples_for_no_event(limit);
  } else if (edge && m.samples > 0) {
    c->needed = samples_for_bound(m.samples, *m.value, *edge, limit);
  } else if (m.needed) {
    c->needed = m.needed;
  } else {
    return;
  }
  c->text += needed_text(c->needed);
}

Check judge(const Figure& f, const Measured& m, double limit) {
  Check c{f.key, f.what, Verdict::inconclusive, "", f.unit, m.value, {}, {}, limit, {}, {}};
  if (!m.value || !sane(m)) {
    c.value.reset();
    const std::string why = !m.value ? m.why : "unavailable: not a number";
    c.text = fmt::format("{} (limit {:g} {})", why, limit, f.unit);
    c.needed = m.needed;
    return c;
  }
  // One figure without an interval, such as a size, is taken at its word.
  const Bounds i = m.interval.value_or(Bounds{m.value, m.value});
  if (m.interval) c.low = i.low, c.high = i.high;
  c.text = fmt::format("{:.4g} {}{}, limit {:g}", *m.value, f.unit,
                       m.interval ? bounds_text(i) : "", limit);
  if (!m.doubt.empty()) {
    c.text += "; " + m.doubt;
  } else if (i.high && *i.high <= limit) {
    c.verdict = Verdict::ship;
  } else if (i.low && *i.low > limit) {
    c.verdict = Verdict::no_ship;
  } else {
    decide_later(f, m, i, limit, &c);
  }
  return c;
}

std::string pace(const std::optional<double>& rate) {
  return rate ? fmt::format("at {:g} per second", *rate) : "back to back";
}

// Latencies at one pace say nothing about another.
Measured at_its_rate(const Measured& m, const GateReport& r, const Limits& limits) {
  const bool same = r.rate.has_value() == limits.rate.has_value() &&
                    (!r.rate || std::abs(*r.rate - *limits.rate) <= 1e-9 * *limits.rate);
  Measured judged = m;
  if (m.value && m.doubt.empty() && !same) {
    judged.doubt = fmt::format("measured {}, the target runs {}", pace(r.rate), pace(limits.rate));
  }
  return judged;
}

// Parity was found under a tolerance; under another one only the largest difference tells.
Check judge_parity(const Parity& p, const std::optional<double>& tolerance) {
  Check c{"parity_tolerance",
          "parity",
          Verdict::ship,
          p.text,
          "relative",
          p.worst,
          {},
          {},
          tolerance,
          {},
          {}};
  if (!tolerance && p.tolerance > 0) c.limit = p.tolerance;
  if (p.ok && !p.sees) {
    c.verdict = Verdict::inconclusive;
    return c;
  }
  const bool as_found = !tolerance || (p.ok ? *tolerance >= p.tolerance && p.tolerance > 0
                                            : *tolerance <= p.tolerance);
  if (as_found) {
    c.verdict = p.ok ? Verdict::ship : Verdict::no_ship;
    return c;
  }
  if (!p.worst || std::isnan(*p.worst)) {
    c.verdict = Verdict::inconclusive;
  } else if (p.ok) {
    c.verdict = *p.worst <= *tolerance ? Verdict::ship : Verdict::no_ship;
  } else {  // comparing ended at the first difference
    c.verdict = *p.worst > *tolerance ? Verdict::no_ship : Verdict::inconclusive;
  }
  c.text += fmt::format(", limit {:g}", *tolerance);
  if (c.verdict == Verdict::inconclusive) c.text += "; not compared under it, run hone ship";
  return c;
}

void add(GateResult* r, Check c) {
  if (c.verdict == Verdict::no_ship) r->verdict = c.verdict;
  if (c.verdict == Verdict::inconclusive && r->verdict == Verdict::ship) r->verdict = c.verdict;
  r->checks.push_back(std::move(c));
}

}  // namespace

GateResult decide(const GateReport& report, const Limits& limits) {
  GateResult result;
  add(&result, judge_parity(report.parity, limits.parity_tolerance));
  for (const Figure& f : figures) {
    const std::optional<double>& limit = limits.*f.limit;
    if (!limit) continue;
    const bool paced = f.kind == Kind::latency || f.kind == Kind::misses;
    const Measured& m = report.*f.measured;
    add(&result, judge(f, paced ? at_its_rate(m, report, limits) : m, *limit));
  }
  for (Check& c : judge_drops(report, limits)) add(&result, std::move(c));
  // What fails is read first.
  for (Verdict v : {Verdict::no_ship, Verdict::inconclusive}) {
    for (const Check& c : result.checks) {
      if (c.verdict == v) result.reasons.push_back(c.what + " " + c.text);
    }
  }
  return result;
}

const char* verdict_word(Verdict v) {
  return v == Verdict::ship ? "SHIP" : v == Verdict::no_ship ? "NO SHIP" : "INCONCLUSIVE";
}

const char* result_word(Verdict v) {
  return v == Verdict::ship ? "pass" : v == Verdict::no_ship ? "fail" : "undecided";
}

std::string verdict_line(const GateResult& r) {
  if (r.reasons.empty()) return verdict_word(r.verdict);
  constexpr size_t most = 5;  // that are read in one line
  const std::vector<std::string> first(
      r.reasons.begin(),
      r.reasons.begin() + static_cast<ptrdiff_t>(std::min(most, r.reasons.size())));
  return fmt::format(
      "{}: {}{}", verdict_word(r.verdict), fmt::join(first, "; "),
      r.reasons.size() > most ? fmt::format("; and {} more", r.reasons.size() - most) : "");
}

}  // namespace hone::ship
