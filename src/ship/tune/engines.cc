#include "ship/tune/engines.h"

#include <cmath>

#include "device/platform/clock.h"
#include "ship/measure/compare_engines.h"
#include "ship/measure/stats.h"
#include "ship/profile/layer_times.h"
#include "ship/profile/layers.h"

namespace hone::ship {

namespace {

constexpr int64_t least_runs_each = 11;  // what a median is claimed from
constexpr int64_t most_runs_each = 400;
constexpr double warm_up_s = 0.1;

// Half of the 95 % interval of a median: 1.2533 is what a median's error is of a mean's.
double median_pm(std::span<const double> samples) {
  const double n = std::max(static_cast<double>(samples.size()), 1.0);
  return 1.96 * 1.2533 * robust_stddev({samples.begin(), samples.end()}) / std::sqrt(n);
}

Result<EngineTimes> summary(Session& s, const LayerTimes& t) {
  EngineTimes out;
  HONE_ASSIGN(const std::vector<Layer> layers, describe_layers(s));
  for (const Layer& l : layers) {
    const auto us = t.step_us(l.step);
    out.steps.push_back({l.nodes, l.op, quartiles(us).median, median_pm(us)});
  }
  out.whole_us = quartiles(t.whole_us()).median;
  out.whole_pm = median_pm(t.whole_us());
  return out;
}

}  // namespace

Result<Engines::Bytes> Engines::build(const graph::Graph& g) {
  engine::CompileOptions c;
  c.target = options_.target;
  c.threads = options_.threads;
  c.time = options_.time;
  c.cache = options_.cache != nullptr ? options_.cache : &own_;
  HONE_ASSIGN(engine::Compiled made, engine::compile(g, c));
  return std::make_shared<const std::vector<std::byte>>(std::move(made.bytes));
}

Result<std::vector<EngineTimes>> Engines::time_steps(const std::vector<Bytes>& engines) const {
  std::vector<Session> sessions;
  for (const Bytes& bytes : engines) {
    HONE_ASSIGN(Session s, Session::open(bytes, options_.threads));
    sessions.push_back(std::move(s));
  }
  std::vector<LayerTimes> times;  // which point at the sessions
  for (Session& s : sessions) {
    HONE_ASSIGN(LayerTimes t, LayerTimes::start(s, s.default_shapes(), warm_up_s));
    times.push_back(std::move(t));
  }
  const uint64_t begin = platform::monotonic_ns();
  const auto spent = [&] { return 1e-9 * static_cast<double>(platform::monotonic_ns() - begin); };
  for (int64_t i = 0; i < most_runs_each && (i < least_runs_each || spent() < options_.seconds);
       ++i) {
    for (LayerTimes& t : times) HONE_RETURN_IF_ERROR(t.add_runs());
  }
  std::vector<EngineTimes> out;
  for (size_t i = 0; i < sessions.size(); ++i) {
    HONE_ASSIGN(EngineTimes t, summary(sessions[i], times[i]));
    out.push_back(std::move(t));
  }
  return out;
}

Result<Ratio> Engines::ratio(const Bytes& a, const Bytes& b) const {
  std::vector<Inputs> inputs;
  std::vector<std::vector<Dims>> shapes;
  for (const Bytes& bytes : {a, b}) {
    HONE_ASSIGN(const Session s, Session::open(bytes, options_.threads));
    shapes.push_back(s.default_shapes());
    inputs.push_back(noise_inputs(s, shapes.back(), false));
  }
  CompareOptions o;
  o.threads = options_.threads;
  o.duration_s = options_.seconds;
  HONE_ASSIGN(const CompareResult r, compare_engines({"f32", *a, shapes[0], &inputs[0]},
                                                     {"mixture", *b, shapes[1], &inputs[1]}, o));
  const auto& p50 = r.a_ms.percentiles.at(0).value;
  return Ratio{r.judgement.ratio, r.judgement.low, r.judgement.high,
               1e3 * p50.value_or(r.a_ms.mean)};
}

}  // namespace hone::ship
