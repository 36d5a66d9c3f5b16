// Reads the model: are its weights numbers, does it have the inputs and outputs hone.toml names?
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/import/import.h"
#include "ship/chain/chain_work.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string key(const ChainWork& w) {
  std::string names;
  for (const InputSpec& i : w.model.inputs) names += "input " + i.name + "\n";
  for (const OutputSpec& o : w.model.outputs) names += "output " + o.name + "\n";
  return names;
}

Status exists(const char* what, const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return {};
  return invalid(fmt::format("hone.toml describes {} '{}'; the model has: {}", what, name,
                             fmt::join(known, ", ")));
}

Status names_exist(const ModelSpec& model, const graph::Graph& g) {
  std::vector<std::string> inputs;
  for (graph::ValueId v : g.block().inputs) inputs.push_back(g.value(v).name);
  for (const InputSpec& i : model.inputs) {
    HONE_RETURN_IF_ERROR(exists("an input", i.name, inputs));
  }
  for (const OutputSpec& o : model.outputs) {
    HONE_RETURN_IF_ERROR(exists("an output", o.name, g.output_names));
  }
  return {};
}

Result<json> inspect(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.source());
  if (auto bad = bad_weights(*g); !bad.empty()) {
    return invalid(fmt::format("weights are not finite: {}", fmt::join(bad, "; ")));
  }
  HONE_RETURN_IF_ERROR(names_exist(w.model, *g));
  double params = 0;
  for (graph::ValueId v = 0; v < g->value_count(); ++v) {
    const Tensor& t = g->value(v).constant;
    if (t && is_float(t.dtype())) params += static_cast<double>(t.count());
  }
  std::error_code error;
  const auto bytes = std::filesystem::file_size(w.model.onnx, error);
  return json{{"text", fmt::format("{} nodes, {:.0f} parameters, opset {}", g->live_nodes(), params,
                                   g->opset())},
              {"nodes", g->live_nodes()},
              {"parameters", params},
              {"bytes", error ? json() : json(bytes)}};
}

}  // namespace

const Stage inspect_stage = {key, inspect};

}  // namespace hone::ship
