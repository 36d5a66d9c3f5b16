// Nodes exported for training: statistics of the batch, elements dropped at random.
#include <fmt/format.h>

#include "host/inspect/finding.h"

namespace hone::inspect {

namespace {

bool trains(const graph::Graph& g, const graph::Node& n) {
  if (n.is("BatchNormalization")) return n.attributes.i("training_mode", 0) != 0;
  if (!n.is("Dropout") || n.version < 12) return false;
  const Tensor* mode = g.constant(n.input(2));
  return mode != nullptr && mode->count() == 1 && mode->at(0) != 0;
}

}  // namespace

std::vector<Finding> find_training_mode(const Subject& s) {
  std::vector<std::string> names;
  for (graph::NodeId id : s.graph.all_nodes()) {
    const graph::Node& n = s.graph.node(id);
    if (trains(s.graph, n)) names.push_back(n.name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} node{} in training mode: {}", names.size(), names.size() == 1 ? "" : "s",
                       list_of(names, &f.nodes));
  f.fix = "export again after model.eval(): answers depend on the batch, or on chance";
  return {f};
}

}  // namespace hone::inspect
