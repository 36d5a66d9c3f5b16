// drop_zero_states: recurrent operators begin with zeros unless told otherwise; exporters make
// those zeros with half a dozen nodes.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

constexpr int max_depth = 8;

bool all_zero(const Tensor& t) {
  if (!is_float(t.dtype())) return false;
  for (int64_t i = 0; i < t.count(); ++i) {
    if (t.at(i) != 0) return false;
  }
  return true;
}

bool only_moves(const Node& n) {
  return n.domain.empty() && (n.is("Slice") || n.is("Reshape") || n.is("Squeeze") ||
                              n.is("Unsqueeze") || n.is("Transpose") || n.is("Identity") ||
                              n.is("Expand") || n.is("Tile") || n.is("Gather") || n.is("Split"));
}

bool is_zero(const Graph& g, ValueId v, int depth = 0) {
  if (v == graph::none) return false;
  if (const Tensor* t = g.constant(v)) return all_zero(*t);
  const Node* n = g.producer_of(v);
  if (n == nullptr || depth == max_depth) return false;
  if (n->is("ConstantOfShape")) {
    return !n->attributes.has("value") || all_zero(n->attributes.tensor("value"));
  }
  return only_moves(*n) && is_zero(g, n->input(0), depth + 1);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("LSTM") && !n.is("GRU") && !n.is("RNN")) return std::nullopt;
  Patch p(g, id);
  std::string dropped;
  for (size_t i : {size_t{5}, size_t{6}}) {
    if (!is_zero(g, n.input(i))) continue;
    p.set_input(id, i, graph::none);
    dropped += (dropped.empty() ? "" : ", ") + g.value(n.input(i)).name;
  }
  if (dropped.empty()) return std::nullopt;
  p.set_why(label(n) + ": " + dropped + " is zero");
  return p;
}

}  // namespace

extern const Pass drop_zero_states;
const Pass drop_zero_states{"drop_zero_states",
                            "let recurrent operators begin with zeros by themselves",
                            Stage::standard,
                            true,
                            propose,
                            nullptr};

}  // namespace hone::passes
