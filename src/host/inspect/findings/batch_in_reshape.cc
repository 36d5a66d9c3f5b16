// A Reshape whose target has the example's batch in it: the model says that the batch may vary, and
// fails or mixes samples when it does.
#include <fmt/format.h>

#include "host/inspect/finding.h"

namespace hone::inspect {

namespace {

bool has_dynamic_batch(const graph::Graph& g) {
  for (graph::ValueId v : g.block().inputs) {
    const graph::Fact& f = g.fact(v);
    if (f.has_rank() && f.rank() >= 2 && !f.shape->front().is_const()) return true;
  }
  return false;
}

bool bakes_the_batch(const graph::Graph& g, const graph::Node& n) {
  if (!n.is("Reshape")) return false;
  const Tensor* target = g.constant(n.input(1));
  if (target == nullptr || target->count() < 2 || target->int_at(0) <= 0) return false;
  const graph::Fact& x = g.fact(n.input(0));
  return x.has_rank() && x.rank() >= 1 && !x.shape->front().is_const();
}

}  // namespace

std::vector<Finding> find_batch_in_reshape(const Subject& s) {
  const graph::Graph& g = s.graph;
  if (!has_dynamic_batch(g)) return {};
  std::vector<std::string> names;
  for (graph::NodeId id : g.block().nodes) {
    if (bakes_the_batch(g, g.node(id))) names.push_back(g.node(id).name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} Reshape{} to a fixed first size of what has a batch of any size: {}",
                       names.size(), names.size() == 1 ? "" : "s", list_of(names, &f.nodes));
  f.fix =
      "write x.reshape(x.shape[0], ...) or -1 for the batch in the framework and export again; "
      "as it is, the model takes one batch size only";
  return {f};
}

}  // namespace hone::inspect
