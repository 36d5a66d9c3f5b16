// The engine against the reference on real inputs; where they part, at which layer.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "ship/chain/chain_work.h"
#include "ship/chain/golden.h"
#include "ship/chain/stage_cache.h"
#include "ship/measure/random_inputs.h"
#include "ship/parity/compare_sides.h"
#include "ship/parity/sides.h"
#include "ship/parity/tolerance.h"

namespace hone::ship {

using nlohmann::json;

namespace {

struct Inputs {
  ParitySamples samples;
  const char* what = "";
};

std::string key(const ChainWork& w) {
  return w.engine_key() + fmt::format("{} {} {}", w.options.parity_inputs, w.parity_tolerance(),
                                      w.model.evaluation       ? w.data.evaluation_key(false)
                                      : w.model.golden.empty() ? ""
                                                               : hash_folder(w.model.golden));
}

// Kept, as many as they are; another of their sizes is made up.
Inputs fixed(std::vector<std::vector<Tensor>> all, const Session& s, const graph::Graph& g,
             const char* what) {
  Inputs inputs{{}, what};
  const auto kept = std::make_shared<const std::vector<std::vector<Tensor>>>(std::move(all));
  inputs.samples.count = std::ssize(*kept);
  inputs.samples.get = [kept](int64_t k) -> Result<std::vector<Tensor>> {
    return kept->at(static_cast<size_t>(k));
  };
  const auto random = std::make_shared<const RandomInputs>(s.inputs(), &g, 0);
  inputs.samples.other = [kept, random]() -> Result<std::vector<Tensor>> {
    return random->other(kept->front(), 1'000'000);
  };
  return inputs;
}

Result<std::vector<std::vector<Tensor>>> evaluation_inputs(ChainWork& w, const ModelInputs& made) {
  HONE_ASSIGN(auto d, w.data.evaluation());
  std::vector<std::vector<Tensor>> all;
  int64_t n = std::min<int64_t>(w.options.parity_inputs, d->count());
  for (int64_t i = 0; i < n; ++i) {
    HONE_ASSIGN(tasks::Sample sample, d->sample(i * (d->count() / n)));
    HONE_ASSIGN(std::vector<Tensor> x, made.of(sample));
    all.push_back(std::move(x));
  }
  return all;
}

// Each profile's own sizes in turn.
Inputs random_inputs(const Session& s, const graph::Graph& g) {
  Inputs inputs{{}, "random inputs"};
  const auto profiles = static_cast<int64_t>(s.profiles());
  const auto random = std::make_shared<const RandomInputs>(s.inputs(), &g, 0);
  std::vector<std::vector<Dims>> sizes;
  for (int64_t p = 0; p < profiles; ++p) {
    sizes.push_back(s.default_shapes(static_cast<int32_t>(p)));
  }
  inputs.samples.count = std::max<int64_t>(4, profiles);
  inputs.samples.get = [random, sizes](int64_t k) -> Result<std::vector<Tensor>> {
    const auto at = static_cast<uint64_t>(k);
    return random->make(at, sizes[at % sizes.size()]);
  };
  inputs.samples.other = [random, sizes]() -> Result<std::vector<Tensor>> {
    return random->make(1'000'000, sizes[0]);
  };
  return inputs;
}

// Inputs that are real: golden ones and the first of the evaluation data; random ones where there
// are neither.
Result<Inputs> real_inputs(ChainWork& w, const Session& s, const graph::Graph& g) {
  if (w.model.evaluation) {
    auto made = ModelInputs::make(w.model, input_forms(s));
    if (made.ok()) {
      HONE_ASSIGN(auto all, evaluation_inputs(w, *made));
      return fixed(std::move(all), s, g, "evaluation samples");
    }
    if (made.code() != Code::unsupported) return made.status();
  }
  if (w.model.golden.empty()) return random_inputs(s, g);
  HONE_ASSIGN(std::vector<GoldenPair> pairs, golden_pairs(w.model.golden, s.inputs().size(), 0));
  std::vector<std::vector<Tensor>> all;
  for (GoldenPair& p : pairs) all.push_back(std::move(p.in));
  return fixed(std::move(all), s, g, "golden inputs");
}

// hone.toml's for this target, else the usual one of its precision.
double tolerance_of(const ChainWork& w, double usual) {
  if (w.target.limits.parity_tolerance) return *w.target.limits.parity_tolerance;
  return std::max(w.options.parity_tolerance, usual);
}

// The plan of the engine: made again where that is of an earlier run.
Result<const plan::Plan*> plan_of(ChainWork& w, const graph::Graph& g) {
  if (!w.plan) {
    engine::CompileOptions c = w.compile_options();
    HONE_ASSIGN(plan::TimingCache timings, plan::TimingCache::load(w.timings_path()));
    c.cache = &timings;
    HONE_ASSIGN(engine::Compiled built, engine::compile(g, c));
    w.plan = std::move(built.plan);
  }
  return &*w.plan;
}

// The output that differs first, and where that began.
std::string difference(const ParityReport& r, const char* what) {
  for (const OutputSummary& o : r.outputs) {
    if (o.agree) continue;
    return fmt::format("engine differs from the reference on {} {}: output '{}': {}; {}", what,
                       o.sample, o.name, o.worst.text, r.where);
  }
  return fmt::format("{} of the engine; the reference tells them apart", r.where);
}

Result<json> parity(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.graph());
  HONE_ASSIGN(Session s, Session::open(w.engine_path(), w.target.threads));
  HONE_ASSIGN(Inputs inputs, real_inputs(w, s, *g));
  inputs.samples.to_first_difference = true;
  const double usual = usual_tolerance(w.target.precision, products_of(*g));
  const double tolerance = tolerance_of(w, usual);
  SideTools tools;
  tools.io = [io = s.inputs()](const auto&, const auto&) { return io; };
  HONE_ASSIGN(const auto reference, open_reference(w.model.onnx, *g, tools));
  const auto engine = engine_side(std::move(s));
  const ParityJudge judge = [&](const std::vector<Tensor>& x, const std::vector<Tensor>& want,
                                const std::vector<Tensor>& got) {
    return compare_outputs(*g, x, want, got, tolerance, [&] { return plan_of(w, *g); });
  };
  // A wide limit on what may differ does not make inputs less telling.
  HONE_ASSIGN(const ParityReport r,
              compare_sides(*reference, *engine, inputs.samples, std::min(tolerance, usual), judge,
                            [&](int64_t done, int64_t all) {
                              w.progress("parity", static_cast<double>(done),
                                         static_cast<double>(all));
                            }));
  const std::string agrees =
      fmt::format("{} {} agree with the reference, worst {:.1e}", r.samples, inputs.what, r.worst);
  return json{{"text", !r.agree  ? difference(r, inputs.what)
                       : !r.sees ? fmt::format("{}, but this test cannot see differences: {}",
                                               agrees, r.blind)
                                 : agrees},
              {"ok", r.agree},
              {"sees_differences", r.sees},
              {"worst", r.worst},
              {"tolerance", tolerance}};
}

}  // namespace

const Stage parity_stage = {key, parity};

}  // namespace hone::ship
