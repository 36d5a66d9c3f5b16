// match_group_norm: exporters write group normalisation as InstanceNormalization of channels
// reshaped into groups, between two Reshapes; the scale and bias of the channels come behind. As
// GroupNormalization it stays channels last, and takes them in.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

using graph::Dim;
using graph::SymShape;

constexpr int64_t by_channel_since = 21;  // before, scale and bias are those of a group

bool all_are(const Graph& g, ValueId v, double value) {
  const Tensor* t = g.constant(v);
  if (t == nullptr) return false;
  for (int64_t i = 0; i < t->count(); ++i) {
    if (t->at(i) != value) return false;
  }
  return true;
}

Tensor full(int64_t count, double value) {
  Tensor t(DType::f32, {count});
  for (int64_t i = 0; i < count; ++i) t.set(i, value);
  return t;
}

// Groups of x's channels that `grouped`, a Reshape of x, has as its dimension 1. 0: none.
int64_t groups_of(const SymShape& x, const SymShape& grouped) {
  if (x.size() < 3 || grouped.size() != 3 || grouped[0] != x[0]) return 0;
  const auto channels = x[1].const_value(), groups = grouped[1].const_value();
  if (!channels || !groups || *groups < 1 || *channels % *groups != 0) return 0;
  return *groups;
}

std::optional<Patch> grouped(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Node* apart = g.producer_of(n.input(0));
  if (apart == nullptr || !apart->is("Reshape") || !all_are(g, n.input(1), 1) ||
      !all_are(g, n.input(2), 0) || !g.single_use(n.output(0))) {
    return std::nullopt;
  }
  const ValueId x = apart->input(0);
  const NodeId back_id = g.users(n.output(0)).front();
  const Node& back = g.node(back_id);
  if (!back.is("Reshape") || back.block != n.block || back.input(0) != n.output(0) ||
      !same_shape(g, x, back.output(0)) || !g.fact(n.input(0)).has_rank()) {
    return std::nullopt;
  }
  const SymShape& shape = *g.fact(x).shape;
  const int64_t groups = groups_of(shape, *g.fact(n.input(0)).shape);
  if (groups == 0) return std::nullopt;
  const int64_t channels = *shape[1].const_value();
  Patch p(g, id);
  Node norm;
  norm.op = "GroupNormalization";
  norm.version = by_channel_since;
  norm.name = n.name;
  norm.inputs = {x, p.constant(full(channels, 1), n.name + "_scale"),
                 p.constant(full(channels, 0), n.name + "_bias")};
  norm.attributes.set("num_groups", groups);
  norm.attributes.set("epsilon", n.attributes.f("epsilon", 1e-5f));
  p.replace(back.output(0), p.add(std::move(norm), {id, back_id}));
  p.remove(back_id);
  p.remove(id);
  p.set_why(label(n) + " normalises groups of channels");
  return p;
}

// The constant as one number for each of `channels`, dimension 1 of `rank`.
std::optional<Tensor> per_channel(const Tensor& t, int64_t channels, int rank) {
  Dims three(static_cast<size_t>(rank) - 1, 1), whole(static_cast<size_t>(rank), 1);
  three[0] = whole[1] = channels;
  if (t.dtype() != DType::f32 || (t.dims() != three && t.dims() != whole)) return std::nullopt;
  return t.reshaped({channels});
}

// Mul, then Add, by a number for each channel.
std::optional<Patch> affine(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const bool scales = n.is("Mul");
  auto operands = with_constant(g, n);
  if (!operands || !same_shape(g, operands->value, n.output(0))) return std::nullopt;
  const Node* norm = g.producer_of(operands->value);
  if (norm == nullptr || !norm->is("GroupNormalization") || norm->block != n.block ||
      norm->version < by_channel_since || !g.single_use(operands->value)) {
    return std::nullopt;
  }
  const Tensor* scale = g.constant(norm->input(1));
  if (scale == nullptr || !all_are(g, norm->input(2), 0)) return std::nullopt;
  if (scales && !all_are(g, norm->input(1), 1)) return std::nullopt;
  auto constant = per_channel(*operands->constant, scale->count(), g.fact(n.output(0)).rank());
  if (!constant) return std::nullopt;
  Patch p(g, id);
  Node made = *norm;
  made.origin.clear();
  made.inputs[scales ? 1 : 2] =
      p.constant(std::move(*constant), n.name + (scales ? "_scale" : "_bias"));
  const NodeId norm_id = g.value(operands->value).producer;
  p.replace(n.output(0), p.add(std::move(made), {norm_id, id}));
  p.remove(id);
  p.remove(norm_id);
  p.set_why(label(*norm) + " + " + label(n));
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.outputs.empty() || !is_f32(g, n.output(0))) return std::nullopt;
  if (n.is("InstanceNormalization")) return grouped(g, id);
  return n.is("Mul") || n.is("Add") ? affine(g, id) : std::nullopt;
}

}  // namespace

extern const Pass match_group_norm;
const Pass match_group_norm{
    "match_group_norm", "recognise group normalisation", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
