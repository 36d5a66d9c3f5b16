#include "ship/measure/outliers.h"

#include <algorithm>
#include <numeric>

#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

std::string why(uint8_t disturbance) {
  std::string text;
  auto add = [&](uint8_t bit, const char* word) {
    if ((disturbance & bit) != 0) text += (text.empty() ? "" : ", ") + std::string(word);
  };
  add(major_fault, "page fault from disk");
  add(page_fault, "page fault");
  add(preempted, "preempted");
  add(woken_late, "woken late");
  add(harness, "after the harness read the machine");
  return text.empty() ? "unexplained" : text;
}

}  // namespace

Outliers find_outliers(const Record& d, bool correlated) {
  Outliers o;
  o.correlated = correlated;
  if (d.kept() == 0) return o;
  const std::vector<double> ms = to_ms(d.latency());
  const double middle = median(ms);
  o.threshold_ms = middle + 10 * std::max(robust_stddev(ms), 0.005 * middle);
  std::vector<size_t> beyond;
  for (size_t i = 0; i < ms.size(); ++i) {
    if (ms[i] <= o.threshold_ms) continue;
    beyond.push_back(i);
    const uint8_t bits = d.disturbance()[i];
    o.faulted += (bits & (page_fault | major_fault)) != 0;
    o.preempted += (bits & preempted) != 0;
    o.late += (bits & woken_late) != 0;
    o.watched += (bits & harness) != 0;
    o.unexplained += correlated && bits == 0;
  }
  o.count = static_cast<int64_t>(beyond.size());
  std::sort(beyond.begin(), beyond.end(), [&](size_t a, size_t b) { return ms[a] > ms[b]; });
  beyond.resize(std::min<size_t>(beyond.size(), 10));
  for (size_t i : beyond) {
    o.worst.push_back({static_cast<double>(d.at()[i]) * 1e-9, ms[i], d.disturbance()[i]});
  }
  return o;
}

nlohmann::json to_json(const Outliers& o) {
  nlohmann::json j = {{"count", o.count}, {"threshold_ms", o.threshold_ms}};
  const char* not_watched = "unavailable: frames are too short to watch each of them";
  auto put = [&](const char* key, int64_t value) {
    if (o.correlated) {
      j[key] = value;
    } else {
      j[key] = not_watched;
    }
  };
  put("page_faults", o.faulted);
  put("preempted", o.preempted);
  put("woken_late", o.late);
  put("harness", o.watched);
  put("unexplained", o.unexplained);
  j["worst"] = nlohmann::json::array();
  for (const Outlier& w : o.worst) {
    nlohmann::json one = {{"at_s", w.at_s}, {"ms", w.ms}};
    if (o.correlated) one["why"] = why(w.disturbance);
    j["worst"].push_back(std::move(one));
  }
  return j;
}

}  // namespace hone::ship
