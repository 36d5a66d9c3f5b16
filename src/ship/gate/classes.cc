#include "ship/gate/classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/gate/holm.h"
#include "ship/gate/needed.h"

namespace hone::ship {

namespace {

// One drop under its limit, one of `family` that are judged together: `adjusted` is its p-value
// among them, which `alpha` must not be less than.
Check judge(const char* key, std::string what, const Paired& p, double limit, double adjusted,
            double alpha, size_t family) {
  Check c{key, std::move(what), Verdict::inconclusive, "", "points", {}, {}, {}, limit, {}, {}};
  if (p.samples == 0 || !p.possible()) {
    c.text = fmt::format("unavailable: {} (limit {:g} points)",
                         p.samples == 0 ? "no sample" : "counts that cannot be", limit);
    return c;
  }
  const Drop d = drop_of(p);
  c.value = d.points, c.low = d.low, c.high = d.high;
  c.mcnemar_p = mcnemar(p);
  c.text = fmt::format("drop {:.2f} points [{:.2f}, {:.2f}], limit {:g}", d.points, d.low, d.high,
                       limit);
  // "Not beyond any bound" is asked of each class by itself: to ship, all must be within, and that
  // all look so by chance is less likely than that one does. Only the other answer is multiplied.
  if (d.high <= limit) {
    c.verdict = Verdict::ship;
  } else if (d.low > limit && adjusted <= alpha) {
    c.verdict = Verdict::no_ship;
  } else {
    const bool lost = d.points > limit;
    const double level = lost ? alpha / static_cast<double>(family) : tail;
    c.needed = samples_for_drop(p, limit, deviate(level));
    if (lost && c.needed) c.needed = std::max(*c.needed, p.samples + 1);
    if (lost && d.low > limit) c.text += fmt::format("; Holm p {:.2g}", adjusted);
    c.text += needed_text(c.needed);
  }
  return c;
}

// The interval is the bootstrap's; how many samples would decide is told as for any interval.
Check judge_metric(const MetricDrop& m, double limit) {
  const bool points = m.unit == "%";
  const std::string unit = points ? "points" : m.unit;
  Check c{"accuracy_drop", m.metric, Verdict::inconclusive, "", unit, {}, {}, {}, limit, {}, {}};
  const Drop& d = m.drop;
  if (m.samples == 0 || !std::isfinite(d.points)) {
    c.text = fmt::format("unavailable: {} (limit {:g} {})",
                         m.samples == 0 ? "no sample" : "a drop that is no number", limit, unit);
    return c;
  }
  c.value = d.points, c.low = d.low, c.high = d.high;
  c.text = fmt::format("drop {:.2f} {} [{:.2f}, {:.2f}], limit {:g}", d.points, unit, d.low, d.high,
                       limit);
  if (d.high <= limit) {
    c.verdict = Verdict::ship;
  } else if (d.low > limit) {
    c.verdict = Verdict::no_ship;
  } else {
    c.needed = samples_for_bound(m.samples, d.points, d.points > limit ? d.low : d.high, limit);
    c.text += needed_text(c.needed);
  }
  return c;
}

// Classes that are judged together.
struct Member {
  const Paired* paired;
  double limit;
};

void judge_family(const char* key, const char* what, const std::vector<Member>& family,
                  std::vector<Check>* out) {
  std::vector<double> p;
  for (const Member& m : family) {
    p.push_back(m.paired->possible() ? drop_p(*m.paired, m.limit) : 1);
  }
  const std::vector<double> adjusted = holm(p);
  for (size_t i = 0; i < family.size(); ++i) {
    const Paired& c = *family[i].paired;
    out->push_back(judge(key, fmt::format("{} '{}'", what, c.name), c, family[i].limit, adjusted[i],
                         family_error, family.size()));
  }
}

Check not_counted(const char* key, std::string what, const char* why, double limit) {
  Check c{key, std::move(what), Verdict::inconclusive, "", "points", {}, {}, {}, limit, {}, {}};
  c.text = fmt::format("unavailable: {} (limit {:g} points)", why, limit);
  return c;
}

void judge_classes(const GateReport& report, const Limits& limits, std::vector<Check>* out) {
  std::vector<Member> critical, others;
  for (const Paired& p : report.classes) {
    const std::optional<double> limit = class_limit(limits, p.name);
    if (limit) (is_critical(limits, p.name) ? critical : others).push_back({&p, *limit});
  }
  judge_family("critical_drop", "critical class", critical, out);
  judge_family("class_drop", "class", others, out);
  // Classes with limits of their own that nobody counted.
  const auto counted = [&](const std::string& name) {
    return std::any_of(report.classes.begin(), report.classes.end(),
                       [&](const Paired& p) { return p.name == name; });
  };
  for (const std::string& name : limits.critical) {
    const std::optional<double> limit = class_limit(limits, name);
    if (limit && !counted(name)) {
      out->push_back(not_counted("critical_drop", fmt::format("critical class '{}'", name),
                                 "not counted", *limit));
    }
  }
  for (const auto& [name, limit] : limits.classes) {
    if (!counted(name) && !is_critical(limits, name)) {
      out->push_back(
          not_counted("class_drop", fmt::format("class '{}'", name), "not counted", limit));
    }
  }
  if (limits.class_drop && report.classes.empty()) {
    out->push_back(
        not_counted("class_drop", "classes", "no class was counted", *limits.class_drop));
  }
}

}  // namespace

std::vector<Check> judge_drops(const GateReport& report, const Limits& limits) {
  std::vector<Check> out;
  const std::optional<double> by_class = limits.class_drop      ? limits.class_drop
                                         : limits.critical_drop ? limits.critical_drop
                                         : limits.classes.empty()
                                             ? std::nullopt
                                             : std::optional(limits.classes.begin()->second);
  if (report.metric) {
    if (limits.accuracy_drop) out.push_back(judge_metric(*report.metric, *limits.accuracy_drop));
    if (by_class) {
      const std::string why = report.metric->metric + " has no interval by class";
      out.push_back(not_counted("class_drop", "classes", why.c_str(), *by_class));
    }
    return out;
  }
  if (!report.overall) {
    const std::optional<double> any = limits.accuracy_drop ? limits.accuracy_drop : by_class;
    if (any)
      out.push_back(not_counted("accuracy_drop", "accuracy", "no labelled evaluation data", *any));
    return out;
  }
  if (limits.accuracy_drop) {
    const Paired& p = *report.overall;
    const double beyond = p.possible() ? drop_p(p, *limits.accuracy_drop) : 1;
    out.push_back(judge("accuracy_drop", "accuracy", p, *limits.accuracy_drop, beyond, tail, 1));
  }
  if (by_class) judge_classes(report, limits, &out);
  return out;
}

}  // namespace hone::ship
