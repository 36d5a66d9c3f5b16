#include "host/passes/loops.h"

#include <algorithm>

namespace hone::passes {

using graph::Graph;
using graph::ValueId;

ValueId Loop::first(const Graph& g, size_t state) const { return g.node(node).input(state + 2); }
ValueId Loop::before(const Graph& g, size_t state) const { return g.block(body).inputs[state + 2]; }
ValueId Loop::after(const Graph& g, size_t state) const { return g.block(body).outputs[state + 1]; }

bool Loop::is_unchanged(const Graph& g, size_t state) const {
  return without_identity(g, after(g, state)) == before(g, state);
}

std::optional<size_t> Loop::state_of(const Graph& g, ValueId v) const {
  const auto& inputs = g.block(body).inputs;
  const auto at = std::find(inputs.begin() + 2, inputs.end(), v);
  if (at == inputs.end()) return std::nullopt;
  return static_cast<size_t>(at - inputs.begin()) - 2;
}

std::optional<Loop> as_loop(const Graph& g, graph::NodeId id) {
  const graph::Node& n = g.node(id);
  if (!n.is("Loop") || n.blocks.size() != 1 || n.inputs.size() < 2) return std::nullopt;
  const Loop loop{id, n.blocks[0], n.inputs.size() - 2};
  const graph::Block& body = g.block(loop.body);
  const bool matches = body.inputs.size() == n.inputs.size() &&
                       body.outputs.size() == n.outputs.size() + 1 &&
                       n.outputs.size() >= loop.states;
  return matches ? std::optional(loop) : std::nullopt;
}

ValueId without_identity(const Graph& g, ValueId v) {
  const graph::Node* n = g.producer_of(v);
  while (n != nullptr && n->is("Identity")) {
    v = n->input(0);
    n = g.producer_of(v);
  }
  return v;
}

}  // namespace hone::passes
