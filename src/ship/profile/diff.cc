#include "ship/profile/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "device/platform/clock.h"

namespace hone::ship {

using nlohmann::json;

namespace {

constexpr int64_t least_rounds = 6, most_rounds = 2000;

// The sum of these layers in each round.
std::vector<double> sums(const std::vector<Layer>& layers, const LayerTimes& times) {
  std::vector<double> out(static_cast<size_t>(times.runs()));
  for (const Layer& l : layers) {
    const auto us = times.step_us(l.step);
    for (size_t i = 0; i < out.size(); ++i) out[i] += us[i];
  }
  return out;
}

// clock_us: what a reading of the clock takes; times of steps are not known better.
std::string verdict_of(const GroupDiff& d, double clock_us) {
  if (d.group.b.empty()) return "only in A";
  if (d.group.a.empty()) return "only in B";
  const double margin = d.reasons.empty() ? unchanged_margin : same_margin;
  const double least = 4 * clock_us * static_cast<double>(d.group.a.size());
  const bool small = std::abs(d.change_us.value) < std::max(margin * d.a_us, least);
  if (small || (d.change_us.low <= 0 && d.change_us.high >= 0)) return "same";
  return d.change_us.value > 0 ? "slower" : "faster";
}

GroupDiff compare(LayerGroup group, const LayerTimes& a, const LayerTimes& b) {
  GroupDiff d;
  const std::vector<double> in_a = sums(group.a, a), in_b = sums(group.b, b);
  std::vector<double> change(in_a.size());
  for (size_t i = 0; i < change.size(); ++i) change[i] = in_b[i] - in_a[i];
  d.a_us = quartiles(in_a).median;
  d.b_us = quartiles(in_b).median;
  d.change_us = median_interval(std::move(change));
  d.reasons = differences(group);
  d.group = std::move(group);
  d.verdict = verdict_of(d, a.clock_us());
  if (d.reasons.empty()) {
    d.reasons.push_back(d.verdict == "same" ? "same kernels"
                                            : "same kernels: other memory, or the machine");
  }
  return d;
}

Status measure(LayerTimes* a, LayerTimes* b, double seconds) {
  const uint64_t begin = platform::monotonic_ns();
  for (int64_t i = 0; i < most_rounds; ++i) {
    const double spent = static_cast<double>(platform::monotonic_ns() - begin) * 1e-9;
    if (i >= least_rounds && spent >= seconds) break;
    LayerTimes* first = i % 2 == 0 ? a : b;
    HONE_RETURN_IF_ERROR(first->add_runs());
    HONE_RETURN_IF_ERROR((first == a ? b : a)->add_runs());
  }
  return {};
}

json side_json(const std::vector<Layer>& layers) {
  json out = json::array();
  for (const Layer& l : layers) {
    out.push_back({{"step", l.step},
                   {"layer", l.layer},
                   {"op", l.op},
                   {"kernel", l.kernel},
                   {"dtype", l.dtype}});
  }
  return out;
}

json bounds(const Estimate& i) { return {i.low, i.high}; }

json engine_json(const std::string& name, const std::string& hash, double us) {
  json j = {{"engine", name}, {"total_us", us}};
  j["engine_hash"] = hash.empty() ? json() : json(hash);
  return j;
}

}  // namespace

Result<EngineDiff> diff_engines(Session& a, Session& b, const DiffOptions& o) {
  constexpr double warm_up = 0.1;
  const auto shapes_of = [](const Session& s, const std::vector<Dims>& given) {
    return given.empty() ? s.default_shapes() : given;
  };
  HONE_ASSIGN(LayerTimes a_times,
              LayerTimes::start(a, shapes_of(a, o.a_shapes), warm_up / 2 * o.seconds));
  HONE_ASSIGN(LayerTimes b_times,
              LayerTimes::start(b, shapes_of(b, o.b_shapes), warm_up / 2 * o.seconds));
  HONE_RETURN_IF_ERROR(measure(&a_times, &b_times, (1 - warm_up) * o.seconds));
  EngineDiff d{o.a, o.b, o.a_hash, o.b_hash, 0, 0, {}, a_times.runs(), {}, {}};
  std::vector<double> ratios;
  for (size_t i = 0; i < a_times.whole_us().size(); ++i) {
    ratios.push_back(b_times.whole_us()[i] / a_times.whole_us()[i]);
  }
  d.ratio = median_interval(std::move(ratios));
  d.a_us = quartiles(a_times.whole_us()).median;
  d.b_us = quartiles(b_times.whole_us()).median;
  HONE_ASSIGN(std::vector<Layer> a_layers, describe_layers(a));
  HONE_ASSIGN(std::vector<Layer> b_layers, describe_layers(b));
  for (LayerGroup& g : match_layers(a_layers, b_layers)) {
    d.groups.push_back(compare(std::move(g), a_times, b_times));
  }
  std::stable_sort(d.groups.begin(), d.groups.end(), [](const GroupDiff& x, const GroupDiff& y) {
    return std::abs(x.change_us.value) > std::abs(y.change_us.value);
  });
  if (a.engine().info().model_hash != b.engine().info().model_hash) {
    d.warnings.push_back("the engines are of different models: layers match by name alone");
  }
  return d;
}

json to_json(const EngineDiff& d) {
  json groups = json::array();
  for (const GroupDiff& g : d.groups) {
    groups.push_back({{"nodes", g.group.nodes},
                      {"a_us", g.group.a.empty() ? json() : json(g.a_us)},
                      {"b_us", g.group.b.empty() ? json() : json(g.b_us)},
                      {"change_us", g.change_us.value},
                      {"interval_us", bounds(g.change_us)},
                      {"verdict", g.verdict},
                      {"reasons", g.reasons},
                      {"a", side_json(g.group.a)},
                      {"b", side_json(g.group.b)}});
  }
  return {{"schema", 1},
          {"a", engine_json(d.a, d.a_hash, d.a_us)},
          {"b", engine_json(d.b, d.b_hash, d.b_us)},
          {"ratio", {{"value", d.ratio.value}, {"interval", bounds(d.ratio)}}},
          {"rounds", d.rounds},
          {"margin", same_margin},
          {"unchanged_margin", unchanged_margin},
          {"warnings", d.warnings},
          {"groups", std::move(groups)}};
}

}  // namespace hone::ship
