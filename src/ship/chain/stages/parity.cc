// The engine against the reference on real inputs; where they part, at which layer.
#include <fmt/format.h>

#include <algorithm>

#include "ship/chain/chain_work.h"
#include "ship/chain/golden.h"
#include "ship/chain/stage_cache.h"
#include "ship/measure/bench.h"
#include "ship/parity/outputs.h"
#include "ship/parity/tolerance.h"

namespace hone::ship {

using nlohmann::json;

namespace {

struct Inputs {
  std::vector<std::vector<Tensor>> all;
  const char* what;
};

std::string key(const ChainWork& w) {
  return w.engine_key() + fmt::format("{} {} {}", w.options.parity_inputs, w.parity_tolerance(),
                                      w.model.evaluation       ? w.data.evaluation_key(false)
                                      : w.model.golden.empty() ? ""
                                                               : hash_folder(w.model.golden));
}

Result<Inputs> evaluation_inputs(ChainWork& w, const ModelInputs& made) {
  HONE_ASSIGN(auto d, w.data.evaluation());
  Inputs inputs{{}, "evaluation samples"};
  int64_t n = std::min<int64_t>(w.options.parity_inputs, d->count());
  for (int64_t i = 0; i < n; ++i) {
    HONE_ASSIGN(tasks::Sample sample, d->sample(i * (d->count() / n)));
    HONE_ASSIGN(std::vector<Tensor> x, made.of(sample));
    inputs.all.push_back(std::move(x));
  }
  return inputs;
}

// Each profile's own sizes in turn.
Inputs random_inputs(const Session& s) {
  Inputs inputs{{}, "random inputs"};
  const auto profiles = static_cast<uint64_t>(s.profiles());
  for (uint64_t seed = 1; seed <= std::max<uint64_t>(4, profiles); ++seed) {
    auto shapes = s.default_shapes(static_cast<int32_t>((seed - 1) % profiles));
    std::vector<Tensor> x;
    for (size_t i = 0; i < shapes.size(); ++i) {
      x.push_back(random_input(s.inputs()[i], shapes[i], seed * 16 + i));
    }
    inputs.all.push_back(std::move(x));
  }
  return inputs;
}

// Inputs that are real: golden ones and the first of the evaluation data; noise where there are
// neither.
Result<Inputs> real_inputs(ChainWork& w, const Session& s) {
  if (w.model.evaluation) {
    auto made = ModelInputs::make(w.model, input_forms(s));
    if (made.ok()) return evaluation_inputs(w, *made);
    if (made.code() != Code::unsupported) return made.status();
  }
  if (w.model.golden.empty()) return random_inputs(s);
  HONE_ASSIGN(std::vector<GoldenPair> pairs, golden_pairs(w.model.golden, s.inputs().size(), 0));
  Inputs inputs{{}, "golden inputs"};
  for (GoldenPair& p : pairs) inputs.all.push_back(std::move(p.in));
  return inputs;
}

// hone.toml's for this target, else the usual one of its precision.
double tolerance_of(const ChainWork& w, const graph::Graph& g) {
  if (w.target.limits.parity_tolerance) return *w.target.limits.parity_tolerance;
  return std::max(w.options.parity_tolerance, usual_tolerance(w.target.precision, products_of(g)));
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

Result<json> parity(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.graph());
  HONE_ASSIGN(Session s, Session::open(w.engine_path(), w.target.threads));
  HONE_ASSIGN(Inputs inputs, real_inputs(w, s));
  const double tolerance = tolerance_of(w, *g);
  double worst = 0;
  std::string differs;
  for (size_t i = 0; i < inputs.all.size() && differs.empty(); ++i) {
    w.progress("parity", i, inputs.all.size());
    HONE_ASSIGN(std::vector<Tensor> got, s.run(inputs.all[i]));
    HONE_ASSIGN(OutputParity p,
                compare_outputs(*g, inputs.all[i], got, tolerance, [&] { return plan_of(w, *g); }));
    worst = std::max(worst, p.worst);
    if (p.agree) continue;
    const auto k = static_cast<size_t>(
        std::find_if(p.outputs.begin(), p.outputs.end(), [](auto& c) { return !c.agree; }) -
        p.outputs.begin());
    differs = fmt::format("engine differs from the reference on {} {}: output '{}': {}; {}",
                          inputs.what, i, g->output_names[k], p.outputs[k].text, p.where);
  }
  bool ok = differs.empty();
  return json{{"text", ok ? fmt::format("{} {} agree with the reference, worst {:.1e}",
                                        inputs.all.size(), inputs.what, worst)
                          : differs},
              {"ok", ok},
              {"worst", worst},
              {"tolerance", tolerance}};
}

}  // namespace

const Stage parity_stage = {key, parity};

}  // namespace hone::ship
