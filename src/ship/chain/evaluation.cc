#include "ship/chain/evaluation.h"

#include <fmt/format.h>

#include "ship/gate/paired_bootstrap.h"

namespace hone::ship {

using nlohmann::json;
using tasks::ClassScore;
using tasks::Evaluator;

namespace {

// Pairs of samples that only one of the two gets right, of all and by class.
struct Pairs {
  Paired all;
  std::vector<Paired> classes;
};

Pairs pairs_of(const Evaluator& baseline, const Evaluator& engine, size_t classes) {
  Pairs p;
  p.classes.resize(classes);
  p.all.samples = engine.samples();
  for (size_t i = 0; i < engine.hits().size(); ++i) {
    const bool b = baseline.hits()[i] != 0, e = engine.hits()[i] != 0;
    p.all.lost += b && !e, p.all.gained += e && !b;
    const auto c = static_cast<size_t>(engine.truths()[i]);
    if (c < classes) p.classes[c].lost += b && !e, p.classes[c].gained += e && !b;
  }
  return p;
}

// The least of the classes that have samples; 0 where none has.
size_t worst_class(const std::vector<ClassScore>& classes) {
  size_t worst = 0;
  for (size_t c = 0; c < classes.size(); ++c) {
    const bool first = classes[worst].samples == 0;
    if (classes[c].samples > 0 && (first || classes[c].value < classes[worst].value)) worst = c;
  }
  return worst;
}

}  // namespace

const OutputSpec* judged_output(const ModelSpec& model) {
  for (const OutputSpec& o : model.outputs) {
    if (!o.task.empty() && tasks::make_evaluator(o).ok()) return &o;
  }
  return nullptr;
}

Result<std::vector<size_t>> task_outputs(const std::vector<std::string>& model_outputs,
                                         const OutputSpec& task) {
  std::vector<std::string> names = task.outputs;
  if (names.empty()) names.push_back(task.name);
  std::vector<size_t> found;
  for (const std::string& name : names) {
    size_t at = 0;
    while (at < model_outputs.size() && model_outputs[at] != name) ++at;
    if (at == model_outputs.size()) {
      return Status(Code::not_found, fmt::format("the model has no output '{}'", name));
    }
    found.push_back(at);
  }
  return found;
}

Status evaluate(Session& session, const std::vector<size_t>& outputs, const tasks::Dataset& data,
                const ModelInputs& inputs, Evaluator* evaluator,
                const std::function<void(double, double)>& progress) {
  for (int64_t i = 0; i < data.count(); ++i) {
    HONE_ASSIGN(tasks::Sample s, data.sample(i));
    HONE_ASSIGN(std::vector<Tensor> x, inputs.of(s));
    HONE_ASSIGN(std::vector<Tensor> y, session.run(x));
    std::vector<Tensor> answer;
    for (size_t o : outputs) answer.push_back(y[o]);
    HONE_RETURN_IF_ERROR(evaluator->add(s, answer, inputs.geometry(s)));
    if (progress && i % 64 == 0)
      progress(static_cast<double>(i), static_cast<double>(data.count()));
  }
  return {};
}

Drop drop_between(const Evaluator& baseline, const Evaluator& engine) {
  if (!engine.hits().empty()) return drop_of(pairs_of(baseline, engine, 0).all);
  const auto metric_of = [](const Evaluator& e) {
    return Metric([&e](std::span<const int32_t> samples) { return e.value_of(samples); });
  };
  return bootstrap_drop(engine.samples(), metric_of(baseline), metric_of(engine));
}

json accuracy_summary(const Evaluator& b, const Evaluator& e,
                      const std::vector<std::string>& labels) {
  json j = {{"metric", e.metric()},        {"unit", e.unit()},       {"value", e.value()},
            {"baseline_value", b.value()}, {"samples", e.samples()}, {"classes", json::array()}};
  const bool percent = std::string_view(e.unit()) == "%", counted = !e.hits().empty();
  if (percent) j["percent"] = e.value(), j["baseline_percent"] = b.value();
  const std::vector<ClassScore> classes = e.classes(), before = b.classes();
  const Pairs pairs = pairs_of(b, e, classes.size());
  if (counted) {
    j["lost"] = pairs.all.lost, j["gained"] = pairs.all.gained;
  } else {
    const Drop d = drop_between(b, e);
    j["drop"] = {{"points", d.points}, {"low", d.low}, {"high", d.high}};
  }
  for (size_t c = 0; c < classes.size(); ++c) {
    json one = {{"name", labels[c]}, {"samples", classes[c].samples}};
    one["percent"] = classes[c].value, one["baseline_percent"] = before[c].value;
    if (counted) one["lost"] = pairs.classes[c].lost, one["gained"] = pairs.classes[c].gained;
    j["classes"].push_back(std::move(one));
  }
  std::string text = fmt::format("{} {:.2f} {} of {}, baseline {:.2f} {}", e.metric(), e.value(),
                                 e.unit(), e.samples(), b.value(), b.unit());
  if (!classes.empty()) {
    const size_t worst = worst_class(classes);
    j["worst"] = labels[worst], j["worst_percent"] = classes[worst].value;
    text += fmt::format(", worst class {} {:.1f} %", labels[worst], classes[worst].value);
  }
  j["text"] = text;
  return j;
}

}  // namespace hone::ship
