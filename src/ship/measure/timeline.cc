#include "ship/measure/timeline.h"

#include <algorithm>
#include <cmath>

#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

std::vector<double> sorted(std::span<const double> part) {
  std::vector<double> v(part.begin(), part.end());
  std::sort(v.begin(), v.end());
  return v;
}

}  // namespace

std::vector<TimelineBucket> timeline(std::span<const int64_t> at, std::span<const double> ms,
                                     size_t buckets) {
  std::vector<TimelineBucket> all;
  if (at.empty()) return all;
  buckets = std::min(buckets, at.size());
  const double first = static_cast<double>(at.front());
  const double width = (static_cast<double>(at.back()) - first + 1) / static_cast<double>(buckets);
  size_t begin = 0;
  for (size_t b = 0; b < buckets; ++b) {
    const double limit = first + width * static_cast<double>(b + 1);
    size_t end = begin;
    while (end < at.size() && (b + 1 == buckets || static_cast<double>(at[end]) < limit)) ++end;
    if (end == begin) continue;
    const std::vector<double> v = sorted(ms.subspan(begin, end - begin));
    all.push_back({(limit - width / 2) * 1e-9, static_cast<int64_t>(v.size()), v.front(),
                   quantile(v, 0.5), v.back()});
    begin = end;
  }
  return all;
}

Histogram histogram(std::span<const double> v) {
  Histogram h;
  if (v.empty()) return h;
  const double low = v.front(), tail = quantile(v, 0.99), most = v.back();
  const double quartiles = quantile(v, 0.75) - quantile(v, 0.25);
  const double advised = 2 * quartiles / std::cbrt(static_cast<double>(v.size()));
  const double wanted = advised > 0 ? (tail - low) / advised : 5;
  const auto bins = static_cast<size_t>(std::clamp(std::ceil(wanted), 5.0, 60.0));
  const double width = (tail - low) / static_cast<double>(bins);
  if (!(width > 0)) {  // nearly all samples are equal
    h.edges_ms = {low, most > low ? most : low * (1 + 1e-9) + 1e-12};
    h.counts = {static_cast<int64_t>(v.size())};
    return h;
  }
  for (size_t i = 0; i <= bins; ++i) h.edges_ms.push_back(low + width * static_cast<double>(i));
  h.edges_ms.back() = tail;
  if (most > tail) h.edges_ms.push_back(most);
  h.counts.assign(h.edges_ms.size() - 1, 0);
  for (double x : v) {
    const auto bin = static_cast<size_t>(std::max(0.0, std::floor((x - low) / width)));
    ++h.counts[x > tail ? h.counts.size() - 1 : std::min(bin, bins - 1)];
  }
  return h;
}

std::vector<Minute> minutes(std::span<const int64_t> at, std::span<const double> ms) {
  constexpr int64_t length = 60'000'000'000;
  std::vector<Minute> all;
  if (at.empty()) return all;
  // A minute is whole where samples came near its end.
  const auto whole = static_cast<int>((at.back() + length / 20) / length);
  if (whole < 2) return all;
  std::vector<int> wanted = {1, 5, 30, whole};
  wanted.erase(std::remove_if(wanted.begin(), wanted.end(), [&](int m) { return m > whole; }),
               wanted.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (int m : wanted) {
    auto begin = std::lower_bound(at.begin(), at.end(), (m - 1) * length) - at.begin();
    auto end = std::lower_bound(at.begin(), at.end(), m * length) - at.begin();
    if (begin == end) continue;
    const std::vector<double> v =
        sorted(ms.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
    all.push_back(
        {m, static_cast<int64_t>(v.size()), quantile(v, 0.5), quantile(v, 0.99), v.back()});
  }
  return all;
}

nlohmann::json to_json(const std::vector<TimelineBucket>& t) {
  nlohmann::json j = nlohmann::json::array();
  for (const TimelineBucket& b : t) {
    j.push_back({{"t_s", b.t_s},
                 {"n", b.n},
                 {"min_ms", b.min_ms},
                 {"p50_ms", b.p50_ms},
                 {"max_ms", b.max_ms}});
  }
  return j;
}

nlohmann::json to_json(const Histogram& h) {
  return {{"edges_ms", h.edges_ms}, {"counts", h.counts}};
}

nlohmann::json to_json(const std::vector<Minute>& all) {
  nlohmann::json j = nlohmann::json::array();
  for (const Minute& m : all) {
    nlohmann::json one = {
        {"minute", m.minute}, {"samples", m.n}, {"p50_ms", m.p50_ms}, {"max_ms", m.max_ms}};
    one["p99_ms"] = nullptr;
    if (m.n >= samples_needed(0.99)) one["p99_ms"] = m.p99_ms;
    j.push_back(std::move(one));
  }
  return j;
}

}  // namespace hone::ship
