// remove_dead: nodes nobody reads.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  bool read = std::any_of(n.outputs.begin(), n.outputs.end(), [&](ValueId v) {
    return v != graph::none && (!g.users(v).empty() || g.is_block_output(v));
  });
  if (read) return std::nullopt;
  Patch p(g, id);
  p.remove(id);
  p.set_why(label(n) + " is read by nobody");
  return p;
}

}  // namespace

extern const Pass remove_dead;
const Pass remove_dead{"remove_dead", "remove nodes nobody reads", Stage::standard, true, propose,
                       nullptr};

}  // namespace hone::passes
