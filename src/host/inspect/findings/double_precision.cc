// Values of 64-bit floats: a Python float or a NumPy array that found its way into the model.
#include <fmt/format.h>

#include "host/inspect/finding.h"

namespace hone::inspect {

std::vector<Finding> find_double_precision(const Subject& s) {
  const graph::Graph& g = s.graph;
  std::vector<std::string> names;
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    const bool is_double = n.output(0) != graph::none && g.fact(n.outputs[0]).dtype == DType::f64;
    if (is_double) names.push_back(n.name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} node{} compute{} in 64-bit floats: {}", names.size(),
                       names.size() == 1 ? "" : "s", names.size() == 1 ? "s" : "",
                       list_of(names, &f.nodes));
  f.fix = "convert constants to float32 before export, unless the model needs doubles";
  return {f};
}

}  // namespace hone::inspect
