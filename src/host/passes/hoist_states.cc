// hoist_states: what a Loop hands from iteration to iteration without a change (weights, a limit)
// is read from outside, where it may be a constant. tf2onnx writes every value that a loop of
// TensorFlow reads as such a state.

#include "host/passes/loops.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<Patch> hoist(const Graph& g, const Loop& loop, size_t state) {
  const Node& n = g.node(loop.node);
  const ValueId first = loop.first(g, state), last = n.output(state);
  if (first == graph::none || !loop.is_unchanged(g, state)) return std::nullopt;
  Patch p(g, loop.node);
  p.set_why(label(n) + " never changes state " + std::to_string(state));
  if (last != graph::none) p.replace(last, first);
  if (n.outputs.size() == 1) {  // it computes nothing else
    p.remove(loop.node);
    return p;
  }
  p.replace(loop.before(g, state), first);
  p.drop_state(loop.body, state);
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const auto loop = as_loop(g, id);
  if (!loop) return std::nullopt;
  for (size_t state = 0; state < loop->states; ++state) {
    if (auto patch = hoist(g, *loop, state)) return patch;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass hoist_states;
const Pass hoist_states{"hoist_states",  "read from outside what no iteration of a loop changes",
                        Stage::standard, true,
                        propose,         nullptr};

}  // namespace hone::passes
