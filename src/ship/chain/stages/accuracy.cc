// Accuracy on labelled data, paired per sample with a baseline: the graph as it came, without
// passes, on portable kernels. Parity ties the baseline to the reference.
#include <fmt/format.h>

#include "host/passes/pass.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string key(const ChainWork& w) {
  return w.engine_key() + w.data.evaluation_key(true) + w.task_key();
}

// Results are the same bits for any number of threads: accuracy is counted with all of them.
int all_threads(const ChainWork& w) { return std::max(w.target.threads, w.options.machine.cores); }

// The graph as it came, on portable kernels. Sizes that only folding constants tells need the
// passes that keep ONNX ONNX; those of the engine stay out in any case.
Result<Session> open_baseline(const ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.source());
  engine::CompileOptions plain = w.compile_options();
  plain.target.isa = mask(Isa::portable);
  plain.precision = "best";
  plain.threads = all_threads(w);
  Status failed;
  for (const bool as_it_came : {true, false}) {
    plain.passes.disabled.clear();
    for (const passes::Pass* p : passes::pipeline()) {
      const bool wanted = p->needed || (!as_it_came && p->stage == passes::Stage::standard);
      if (!wanted) plain.passes.disabled.emplace_back(p->name);
    }
    auto base = engine::compile(*g, plain);
    if (base.ok()) {
      return Session::open(std::make_shared<const std::vector<std::byte>>(std::move(base->bytes)),
                           plain.threads);
    }
    failed = base.status();
  }
  return failed;
}

Result<json> accuracy(ChainWork& w) {
  const OutputSpec* task = judged_output(w.model);
  if (!w.model.evaluation || task == nullptr) return json{{"text", "no labelled evaluation data"}};
  HONE_ASSIGN(auto data, w.data.evaluation());
  if (!data->labelled()) return json{{"text", "the evaluation data have no labels"}};
  HONE_ASSIGN(Session engine, Session::open(w.engine_path(), all_threads(w)));
  auto inputs = ModelInputs::make(w.model, input_forms(engine));
  if (!inputs.ok() && inputs.code() == Code::unsupported) {
    return json{{"text", inputs.status().text()}};
  }
  if (!inputs.ok()) return inputs.status();
  std::vector<std::string> names;
  for (const auto& output : engine.outputs()) names.push_back(output.name);
  HONE_ASSIGN(std::vector<size_t> outputs, task_outputs(names, *task));
  HONE_ASSIGN(auto after, tasks::make_evaluator(*task));
  const auto run = [&](Session& s, tasks::Evaluator* e, const char* what) {
    return evaluate(s, outputs, *data, *inputs, e,
                    [&](double done, double all) { w.progress(what, done, all); });
  };
  if (w.data.baseline == nullptr) {
    HONE_ASSIGN(Session baseline, open_baseline(w));
    HONE_ASSIGN(auto before, tasks::make_evaluator(*task));
    HONE_RETURN_IF_ERROR(run(baseline, before.get(), "accuracy of the baseline"));
    w.data.baseline = std::move(before);
  }
  HONE_RETURN_IF_ERROR(run(engine, after.get(), "accuracy of the engine"));
  return accuracy_summary(*w.data.baseline, *after, task->labels);
}

}  // namespace

const Stage accuracy_stage = {key, accuracy};

}  // namespace hone::ship
