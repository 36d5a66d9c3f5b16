// Accuracy on labelled data, paired per sample with a baseline: the graph as it came, without
// passes, on portable kernels. Parity ties the baseline to the reference.
#include "host/passes/pass.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string key(const ChainWork& w) {
  return w.engine_key() +
         (w.model.evaluation ? w.pictures_key() + hash_file(w.model.evaluation->labels) : "");
}

Result<Session> open_baseline(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.graph());
  engine::CompileOptions plain = w.compile_options();
  plain.target.isa = mask(Isa::portable);
  for (const passes::Pass* p : passes::pipeline()) {
    if (!p->needed) plain.passes.disabled.emplace_back(p->name);
  }
  HONE_ASSIGN(engine::Compiled base, engine::compile(*g, plain));
  return Session::open(std::make_shared<const std::vector<std::byte>>(std::move(base.bytes)),
                       w.target.threads);
}

Result<json> accuracy(ChainWork& w) {
  const std::vector<OutputSpec>& outputs = w.model.outputs;
  bool possible = w.model.evaluation && w.contract() != nullptr && !outputs.empty() &&
                  !outputs[0].labels.empty();
  if (!possible) return json{{"text", "no labelled evaluation data"}};
  HONE_ASSIGN(const LabelledData* d, w.data());
  HONE_ASSIGN(Session baseline, open_baseline(w));
  HONE_ASSIGN(Session engine, Session::open(w.engine_path(), w.target.threads));
  const auto classes = static_cast<int64_t>(outputs[0].labels.size());
  size_t out = 0;  // inspect saw that the name exists
  while (engine.outputs()[out].name != outputs[0].name) ++out;
  auto counted = [&](Session& s, const char* what) {
    return evaluate(s, out, *d, *w.contract(), classes,
                    [&](double done, double all) { w.progress(what, done, all); });
  };
  HONE_ASSIGN(tasks::Accuracy b, counted(baseline, "accuracy of the baseline"));
  HONE_ASSIGN(tasks::Accuracy e, counted(engine, "accuracy of the engine"));
  return accuracy_summary(*d, b, e, outputs[0].labels);
}

}  // namespace

const Stage accuracy_stage = {key, accuracy};

}  // namespace hone::ship
