// The smallest pass: Neg(Neg(x)) is x. See docs/add_a_pass.md.
//
// In the tree this file is src/host/passes/cancel_negations.cc, and pipeline.inc has the line
// HONE_PASS(cancel_negations) at the place where it shall run.
#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Called with every node. A change that begins there, or nothing where it is not provably the same
// for every input. The graph is not touched: the driver infers, checks and applies the patch.
std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Neg")) return std::nullopt;
  const Node* inner = g.producer_of(n.input(0));
  if (inner == nullptr || !inner->is("Neg")) return std::nullopt;
  Patch p(g, id);
  p.replace(n.output(0), inner->input(0));
  p.remove(id);  // the inner one may have other readers; remove_dead takes it where it has none
  p.set_why(label(n) + " undoes " + label(*inner));
  return p;
}

}  // namespace

extern const Pass cancel_negations;
// Standard stage: standard ONNX in and out, so `hone optimize` runs it too. No weights are folded,
// so gradients keep their meaning.
const Pass cancel_negations{
    "cancel_negations", "cancel double negations", Stage::standard, true, propose, nullptr};

}  // namespace hone::passes
