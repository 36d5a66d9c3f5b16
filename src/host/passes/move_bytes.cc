// move_bytes: what only moves elements, or takes the largest, moves bytes where it stands between
// DequantizeLinear and QuantizeLinear; parts of a Concat are brought to its result's scale
// first.

#include <algorithm>
#include <set>

#include "host/passes/quantised.h"

namespace hone::passes {

namespace {

// One operand is moved, and any element of the result is one of it.
bool moves(const Node& n) {
  static const std::set<std::string> ops = {"Reshape",      "Flatten",      "Squeeze", "Unsqueeze",
                                            "Transpose",    "Slice",        "Split",   "Expand",
                                            "Pad",          "Tile",         "Gather",  "Identity",
                                            "DepthToSpace", "SpaceToDepth", "MaxPool"};
  if (n.is("ChannelShuffle", graph::hone_domain)) return true;
  if (n.is("Resize")) {
    return n.attributes.s("mode", "nearest") == "nearest" &&
           n.attributes.s("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize";
  }
  if (n.is("MaxPool") && n.output(1) != graph::none) return false;
  return n.domain.empty() && ops.contains(n.op);
}

// MaxPool takes bytes from opset 12 on, Resize from 10 on.
int64_t version_for_bytes(const Node& n) {
  return n.is("MaxPool") ? std::max<int64_t>(n.version, 12) : n.version;
}

// What computes values that may become bytes where they are quantised at once.
bool computes(const Node& n) {
  static const std::set<std::string> ops = {
      "Conv", "Gemm", "MatMul", "Relu",       "Clip",        "Add",
      "Sub",  "Mul",  "Concat", "ReduceMean", "AveragePool", "GlobalAveragePool"};
  return moves(n) || (n.domain.empty() && ops.contains(n.op));
}

// A Pad's value as a byte, where dequantising gives the same back; other modes have none.
bool set_pad_value(const Graph& g, const Quantised& x, Patch* p, Node* pad) {
  if (!pad->is("Pad")) return true;
  if (pad->version < 13) return false;  // bytes from there on
  if (pad->attributes.s("mode", "constant") != "constant") return true;
  if (pad->input(2) != graph::none && scalar(g, pad->input(2)) != 0.0) return false;
  if (pad->inputs.size() < 3) pad->inputs.resize(3, graph::none);
  Tensor zero(g.fact(x.node->input(0)).dtype, {});
  zero.set(0, x.zero_at(0));
  pad->inputs[2] = p->constant(std::move(zero), label(*pad) + "_value");
  return true;
}

// Whether dequantising behind the mover is no more work, or will go away.
bool pays(const Graph& g, const Node& mover) {
  static const std::set<std::string> growing = {"Expand", "Pad", "Tile", "Gather", "Resize"};
  auto to_bytes = [&](ValueId v) {
    const auto users = g.users(v);
    return !g.is_block_output(v) && !users.empty() &&
           std::all_of(users.begin(), users.end(),
                       [&](NodeId u) { return quantises(g, g.node(u)).has_value(); });
  };
  const bool all = std::all_of(mover.outputs.begin(), mover.outputs.end(),
                               [&](ValueId v) { return v == graph::none || to_bytes(v); });
  return all || (!growing.contains(mover.op) && g.single_use(mover.input(0)));
}

// mover(dequantised x) = dequantised mover(x)
std::optional<Patch> below(const Graph& g, NodeId id) {
  const Node& mover = g.node(id);
  if (mover.inputs.empty() || !moves(mover) || !mover.blocks.empty()) return std::nullopt;
  const auto x = dequantised(g, mover.input(0));
  if (!x || x->node->block != mover.block || !pays(g, mover)) return std::nullopt;
  Patch p(g, id);
  Node made = mover;
  made.version = version_for_bytes(mover);
  if (!set_pad_value(g, *x, &p, &made)) return std::nullopt;
  made.inputs[0] = x->node->input(0);
  const std::vector<ValueId> bytes = p.add_multi(std::move(made), mover.outputs.size(), {id});
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (mover.outputs[i] == graph::none) continue;
    p.replace(mover.outputs[i], dequantize(g, p, bytes[i], *x, {id}));
  }
  p.remove(id);
  remove_dequantised(g, p, {mover.input(0)}, id);
  p.set_why(label(mover) + " moves bytes");
  return p;
}

// quantised mover(x) = mover(quantised x), where x is computed by what may become integers.
std::optional<Patch> above(const Graph& g, NodeId id) {
  const auto y = quantises(g, g.node(id));
  const Node* mover =
      y && g.single_use(g.node(id).input(0)) ? g.producer_of(g.node(id).input(0)) : nullptr;
  if (mover == nullptr || !moves(*mover) || mover->is("Pad") || mover->block != g.node(id).block)
    return std::nullopt;
  if (mover->outputs.size() != 1 || !g.single_use(mover->input(0))) return std::nullopt;
  const Node* maker = g.producer_of(mover->input(0));
  if (maker == nullptr || maker->block != mover->block || !computes(*maker)) return std::nullopt;
  const NodeId mover_id = g.value(g.node(id).input(0)).producer;
  Patch p(g, id);
  Node made = *mover;
  made.version = version_for_bytes(*mover);
  made.inputs[0] = quantize(p, mover->input(0), *y, {id});
  p.replace(g.node(id).output(0), p.add(std::move(made), {mover_id}));
  p.remove(id);
  p.remove(mover_id);
  p.set_why(label(*mover) + " moves bytes");
  return p;
}

std::optional<Patch> concat(const Graph& g, NodeId id) {
  const auto y = quantises(g, g.node(id));
  const Node* n =
      y && g.single_use(g.node(id).input(0)) ? g.producer_of(g.node(id).input(0)) : nullptr;
  if (n == nullptr || !n->is("Concat") || n->block != g.node(id).block) return std::nullopt;
  const bool parts = std::all_of(n->inputs.begin(), n->inputs.end(), [&](ValueId v) {
    if (dequantised(g, v)) return true;
    const Node* maker = g.producer_of(v);
    return maker != nullptr && g.single_use(v) && computes(*maker);
  });
  if (!parts) return std::nullopt;
  const NodeId concat_id = g.value(g.node(id).input(0)).producer;
  Patch p(g, id);
  Node made = *n;
  for (ValueId& v : made.inputs) v = quantize(p, v, *y, {id});
  p.replace(g.node(id).output(0), p.add(std::move(made), {concat_id}));
  p.remove(id);
  p.remove(concat_id);
  p.set_why(label(*n) + " of bytes");
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = below(g, id)) return p;
  if (auto p = above(g, id)) return p;
  return concat(g, id);
}

}  // namespace

extern const Pass move_bytes;
const Pass move_bytes{
    "move_bytes", "move bytes rather than floats", Stage::engine, false, propose, nullptr, false,
    true};

}  // namespace hone::passes
