// The parts of a Loop, as passes look at them.
#pragma once

#include <optional>

#include "host/graph/graph.h"

namespace hone::passes {

struct Loop {
  graph::NodeId node;
  graph::BlockId body;
  size_t states;

  // A state before the first iteration, before and behind each.
  graph::ValueId first(const graph::Graph& g, size_t state) const;
  graph::ValueId before(const graph::Graph& g, size_t state) const;
  graph::ValueId after(const graph::Graph& g, size_t state) const;
  // Whether what is behind an iteration is what was before it.
  bool is_unchanged(const graph::Graph& g, size_t state) const;
  // The state that `v` is before an iteration.
  std::optional<size_t> state_of(const graph::Graph& g, graph::ValueId v) const;
};
// nullopt: another operator, or a body whose parts do not match the node.
std::optional<Loop> as_loop(const graph::Graph& g, graph::NodeId n);

// What an Identity, or a row of them, passes on.
graph::ValueId without_identity(const graph::Graph& g, graph::ValueId v);

}  // namespace hone::passes
