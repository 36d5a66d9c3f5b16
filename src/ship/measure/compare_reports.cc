#include "ship/measure/compare_reports.h"

#include <fmt/format.h>

#include <cmath>

namespace hone::ship {

namespace {

using nlohmann::json;

std::string text_of(const json& j) { return j.is_string() ? j.get<std::string>() : j.dump(); }

const json* find(const json& j, const char* key) {
  auto it = j.is_object() ? j.find(key) : j.end();
  return it == j.end() || it->is_null() ? nullptr : &*it;
}

// "isa differs: avx2 and avx512"; "" where all that makes times comparable is equal.
std::string difference(const json& a, const json& b) {
  auto differ = [](const char* key, const json* x, const json* y) -> std::string {
    if (x == nullptr && y == nullptr) return "";
    if (x == nullptr || y == nullptr) {
      return fmt::format("{} does not say {}", x == nullptr ? "A" : "B", key);
    }
    return *x == *y ? "" : fmt::format("{} differs: {} and {}", key, text_of(*x), text_of(*y));
  };
  const json *ca = find(a, "conditions"), *cb = find(b, "conditions");
  if (ca == nullptr || cb == nullptr) {
    return fmt::format("{} does not say its conditions", ca == nullptr ? "A" : "B");
  }
  for (const char* key : {"cpu", "arch", "isa", "cores", "threads", "pinning", "governor"}) {
    if (auto why = differ(key, find(*ca, key), find(*cb, key)); !why.empty()) return why;
  }
  if (auto why = differ("mode", find(a, "mode"), find(b, "mode")); !why.empty()) return why;
  const json *ra = find(a, "rate"), *rb = find(b, "rate");
  if (ra == nullptr || rb == nullptr) return "";
  return differ("rate", find(*ra, "per_second"), find(*rb, "per_second"));
}

struct Measured {
  double value = 0, low = 0, high = 0;
};

// Or why there is none.
std::string read(const json& bench, const std::string& percentile, const char* side, Measured* m) {
  const json* latency = find(bench, "latency_ms");
  const json* value = latency == nullptr ? nullptr : find(*latency, percentile.c_str());
  if (value == nullptr || !value->is_number()) {
    return fmt::format("{} does not claim {}: measure longer", side, percentile);
  }
  const json* intervals = find(bench, "intervals_ms");
  const json* ends = intervals == nullptr ? nullptr : find(*intervals, percentile.c_str());
  if (ends == nullptr || !ends->is_array() || ends->size() != 2 || !(*ends)[0].is_number() ||
      !(*ends)[1].is_number()) {
    return fmt::format("{} has no interval for {}: measure it again, for longer", side, percentile);
  }
  *m = {value->get<double>(), (*ends)[0].get<double>(), (*ends)[1].get<double>()};
  return m->low > 0 ? "" : fmt::format("{}'s {} is not above 0", side, percentile);
}

}  // namespace

Result<json> bench_part(const json& file) {
  const json* stages = find(file, "stages");
  const json* bench = stages == nullptr ? &file : find(*stages, "bench");
  if (bench == nullptr || find(*bench, "latency_ms") == nullptr) {
    return invalid("is no result of 'hone bench --json FILE', nor a report of hone ship with one");
  }
  return *bench;
}

Judgement judge_reports(const json& a, const json& b, const std::string& percentile,
                        double margin) {
  Judgement j;
  Measured ma, mb;
  j.reason = read(a, percentile, "A", &ma);
  if (j.reason.empty()) j.reason = read(b, percentile, "B", &mb);
  if (!j.reason.empty()) return j;
  j.ratio = mb.value / ma.value;
  j.low = mb.low / ma.high;
  j.high = mb.high / ma.low;
  j.reason = difference(a, b);
  if (!j.reason.empty()) return j;
  j.verdict = verdict_of({std::log(j.low), std::log(j.high)}, margin);
  if (j.verdict == LatencyVerdict::inconclusive) {
    j.reason = "the intervals reach across the margin; compare the engines themselves, in turns";
  }
  return j;
}

}  // namespace hone::ship
