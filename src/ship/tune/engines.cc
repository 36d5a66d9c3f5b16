#include "ship/tune/engines.h"

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

Result<EngineTimes> summary(Session& s, const LayerTimes& t) {
  EngineTimes out;
  HONE_ASSIGN(const std::vector<Layer> layers, describe_layers(s));
  for (const Layer& l : layers) {
    out.steps.push_back({l.nodes, l.op, quartiles(t.step_us(l.step)).median});
  }
  out.whole_us = quartiles(t.whole_us()).median;
  return out;
}

}  // namespace

Result<Engines::Bytes> Engines::build(const graph::Graph& g) {
  engine::CompileOptions c;
  c.target = options_.target;
  c.threads = options_.threads;
  c.time = options_.time;
  c.cache = &cache_;
  HONE_ASSIGN(engine::Compiled made, engine::compile(g, c));
  return std::make_shared<const std::vector<std::byte>>(std::move(made.bytes));
}

Result<std::pair<EngineTimes, EngineTimes>> Engines::time_steps(const Bytes& a,
                                                                const Bytes& b) const {
  HONE_ASSIGN(Session first, Session::open(a, options_.threads));
  HONE_ASSIGN(Session second, Session::open(b, options_.threads));
  HONE_ASSIGN(LayerTimes x, LayerTimes::start(first, first.default_shapes(), warm_up_s));
  HONE_ASSIGN(LayerTimes y, LayerTimes::start(second, second.default_shapes(), warm_up_s));
  const uint64_t begin = platform::monotonic_ns();
  const auto spent = [&] { return 1e-9 * static_cast<double>(platform::monotonic_ns() - begin); };
  for (int64_t i = 0; i < most_runs_each && (i < least_runs_each || spent() < options_.seconds);
       ++i) {
    HONE_RETURN_IF_ERROR(x.add_runs());
    HONE_RETURN_IF_ERROR(y.add_runs());
  }
  HONE_ASSIGN(EngineTimes of_a, summary(first, x));
  HONE_ASSIGN(EngineTimes of_b, summary(second, y));
  return std::pair(std::move(of_a), std::move(of_b));
}

Result<double> Engines::ratio(const Bytes& a, const Bytes& b) const {
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
  return r.judgement.ratio;
}

}  // namespace hone::ship
