#include "cli/precisions.h"

#include <fmt/format.h>

#include "cli/model_args.h"
#include "common/wire/engine.h"
#include "host/engine/read_steps.h"
#include "host/model/files.h"
#include "host/ops/plugin.h"
#include "host/plan/tactics.h"
#include "ship/profile/work.h"

namespace hone::cli {

using nlohmann::json;

namespace {

class Counts {
 public:
  void add(std::string_view family, const std::string& type, const ship::Work& work) {
    if (family == "quantize" || family == "dequantize") ++conversions_;
    if (!ship::multiplies(family)) return;
    json& j = types_[work.integers ? "int8" : type];
    if (j.is_null()) j = {{"layers", 0}, {"macs", 0.0}};
    j["layers"] = j["layers"].get<int>() + 1;
    if (!work.flops || j["macs"].is_null()) {
      j["macs"] = nullptr;
    } else {
      j["macs"] = j["macs"].get<double>() + *work.flops / 2;
    }
  }
  json result() const { return {{"multiply_adds", types_}, {"conversions", conversions_}}; }

 private:
  json types_ = json::object();
  int conversions_ = 0;
};

}  // namespace

json precisions_of(const plan::Plan& plan) {
  const plan::Sizes sizes = plan::with_bounds(plan, plan.example());
  Counts counts;
  for (const plan::Step& step : plan.steps) {
    if (step.kind != plan::Step::Kind::kernel) continue;
    auto known = plan::concrete(plan, step, sizes);
    if (!known.ok()) return json::object();
    const kernels::Step view = known->view();
    const bool reads = !view.in.empty() && view.in[0].present();
    counts.add(step.family, reads ? name(view.in[0].dtype) : "",
               ship::count_work(step.family, view, {}));
  }
  return counts.result();
}

json precisions_of(const std::string& engine_path) {
  const auto file = map_file(engine_path);
  if (!file.ok()) return json::object();
  const auto engine = wire::verify({file->bytes});
  if (!engine.ok()) return json::object();
  const auto steps = engine::read_steps(engine->meta(), 0);
  if (!steps.ok()) return json::object();
  Counts counts;
  for (const engine::FileStep& step : *steps) {
    const kernels::Kernel* k = ops::find_known_kernel(step.kernel);
    if (step.kind != wire::StepKind::kernel || k == nullptr) continue;
    const auto in = step.inputs(), out = step.outputs();
    const bool reads = !in.empty() && in[0].present();
    counts.add(k->family, reads ? name(in[0].dtype) : "",
               ship::count_work(k->family, {in, out, step.attrs, step.dims}, {}));
  }
  return counts.result();
}

std::string precisions_line(const json& precisions) {
  if (precisions.empty()) return "";
  double all = 0;
  bool known = true;
  for (const auto& [type, of_type] : precisions["multiply_adds"].items()) {
    known = known && of_type["macs"].is_number();
    if (known) all += of_type["macs"].get<double>();
  }
  std::string line;
  for (const auto& [type, of_type] : precisions["multiply_adds"].items()) {
    const int layers = of_type["layers"].get<int>();
    line += fmt::format("{}{} {} layer{}", line.empty() ? "" : "; ", type, layers,
                        layers == 1 ? "" : "s");
    if (!known || all <= 0) continue;
    const double macs = of_type["macs"].get<double>();
    line += fmt::format(", {} multiply-adds ({:.1f} %)", human_count(macs), 100 * macs / all);
  }
  const int conversions = precisions["conversions"].get<int>();
  if (line.empty() || conversions == 0) return line;
  return line + fmt::format("; {} step{} between them", conversions,
                            conversions == 1 ? " converts" : "s convert");
}

}  // namespace hone::cli
