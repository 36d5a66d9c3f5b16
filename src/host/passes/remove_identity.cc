// remove_identity: nodes that give one of their inputs unchanged. Adding 0 counts as such
// (exporters write the biases a net was never given): only the sign of a zero may differ.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

bool all_equal_to(const Graph& g, ValueId v, double wanted) {
  const Tensor* t = g.constant(v);
  if (t == nullptr || t->dtype() == DType::string) return false;
  for (int64_t i = 0; i < t->count(); ++i) {
    if (t->at(i) != wanted) return false;
  }
  return true;
}

bool keeps_order(const std::vector<int64_t>& perm) {
  return std::is_sorted(perm.begin(), perm.end()) && !perm.empty();
}

bool is_unread(const Graph& g, ValueId v) { return g.users(v).empty() && !g.is_block_output(v); }

// The node's result is input 0, element by element, whenever the shapes agree.
bool copies_first(const Graph& g, const Node& n) {
  if (n.is("Identity") || n.is("Reshape") || n.is("Flatten") || n.is("Squeeze") ||
      n.is("Unsqueeze") || n.is("Expand") || n.is("Cast")) {
    return true;
  }
  if (n.is("Slice")) {  // nothing cut and nothing reversed
    if (n.version < 10 || n.input(4) == graph::none) return true;
    const Tensor* steps = g.constant(n.input(4));
    return steps != nullptr && all_equal_to(g, n.input(4), 1);
  }
  if (n.is("Transpose")) return keeps_order(n.attributes.ints("perm"));
  if (n.is("Dropout")) {
    bool training = n.version >= 12 && n.input(2) != graph::none && !all_equal_to(g, n.input(2), 0);
    return !training && (n.output(1) == graph::none || is_unread(g, n.output(1)));
  }
  if (n.is("Concat") || n.is("Sum") || n.is("Max") || n.is("Min") || n.is("Mean")) {
    return n.inputs.size() == 1;
  }
  if (n.is("Split")) return n.outputs.size() == 1;
  if (n.is("Pad")) {
    if (n.version < 11) return all_zero(n.attributes.ints("pads"));
    return all_equal_to(g, n.input(1), 0);
  }
  return false;
}

// The operand that arithmetic with a constant of the neutral element leaves as it is.
ValueId unchanged_operand(const Graph& g, const Node& n) {
  const bool sum = n.is("Add"), product = n.is("Mul");
  const double neutral = sum || n.is("Sub") ? 0 : 1;
  if (!sum && !product && !n.is("Sub") && !n.is("Div") && !n.is("Pow")) return graph::none;
  if (all_equal_to(g, n.input(1), neutral)) return n.input(0);
  return (sum || product) && all_equal_to(g, n.input(0), neutral) ? n.input(1) : graph::none;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.outputs.empty() || n.output(0) == graph::none) return std::nullopt;
  ValueId in = copies_first(g, n) ? n.input(0) : unchanged_operand(g, n), out = n.output(0);
  if (in == graph::none || g.fact(in).kind != graph::Fact::Kind::tensor) return std::nullopt;
  bool same = g.fact(in).dtype == g.fact(out).dtype && (n.is("Identity") || same_shape(g, in, out));
  if (!same || g.value(in).layout != g.value(out).layout) return std::nullopt;
  Patch p(g, id);
  p.replace(out, in);
  p.remove(id);
  p.set_why(label(n) + " changes nothing");
  return p;
}

}  // namespace

extern const Pass remove_identity;
const Pass remove_identity{
    "remove_identity", "remove nodes that change nothing", Stage::standard, true, propose, nullptr};

}  // namespace hone::passes
