// fold_dequantized: in an engine of floats, weights that the model keeps as integers are floats.

#include <algorithm>

#include "host/ops/evaluate.h"
#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("DequantizeLinear")) return std::nullopt;
  std::vector<Tensor> in;
  for (ValueId v : n.inputs) {
    const Tensor* t = g.constant(v);
    if (v != graph::none && t == nullptr) return std::nullopt;
    in.push_back(t != nullptr ? *t : Tensor());
  }
  auto out = ops::evaluate_node(g, n, in);
  if (!out.ok()) return std::nullopt;  // it would fail when it runs: leave it where it can say so
  Patch p(g, id);
  p.replace(n.output(0), p.constant(std::move((*out)[0]), g.value(n.output(0)).name));
  p.remove(id);
  p.set_why(label(n) + " is constant");
  return p;
}

}  // namespace

extern const Pass fold_dequantized;
const Pass fold_dequantized{
    "fold_dequantized", "dequantise weights", Stage::engine, false, propose, nullptr};

}  // namespace hone::passes
