// fuse_gemm: MatMul + Add of a row, and activations behind Gemm and MatMul, become one FusedGemm.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

Patch replace_both(const Graph& g, NodeId last, NodeId first, Node made) {
  Patch p(g, last);
  p.set_why(label(g.node(first)) + " + " + label(g.node(last)));
  p.replace(g.node(last).output(0), p.add(std::move(made), {first, last}));
  p.remove(last);
  p.remove(first);
  return p;
}

std::optional<Patch> with_activation(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto act = activation_of(g, n);
  const Node* gemm = act ? g.producer_of(n.input(0)) : nullptr;
  if (gemm == nullptr || gemm->block != n.block || !g.single_use(n.input(0))) return std::nullopt;
  auto made = as_fused_gemm(g, *gemm);
  if (!made || made->attributes.s("activation", "none") != "none") return std::nullopt;
  set_activation(*made, *act);
  return replace_both(g, id, g.value(n.input(0)).producer, std::move(*made));
}

std::optional<Patch> with_bias(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto operands = n.is("Add") ? with_constant(g, n) : std::nullopt;
  if (!operands || operands->constant->rank() != 1) return std::nullopt;
  const Node* gemm = g.producer_of(operands->value);
  if (gemm == nullptr || gemm->block != n.block || !g.single_use(operands->value))
    return std::nullopt;
  const auto& y = g.fact(n.output(0)).shape;
  bool row = y && !y->empty() && y->back() == graph::Dim(operands->constant->count()) &&
             same_shape(g, operands->value, n.output(0));
  auto made = row ? as_fused_gemm(g, *gemm) : std::nullopt;
  if (!made || made->attributes.s("activation", "none") != "none") return std::nullopt;
  if (made->input(2) != graph::none || made->input(3) != graph::none) return std::nullopt;
  made->inputs.resize(3, graph::none);
  made->inputs[2] = operands->value == n.input(0) ? n.input(1) : n.input(0);
  return replace_both(g, id, g.value(operands->value).producer, std::move(*made));
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = with_activation(g, id)) return p;
  return with_bias(g, id);
}

}  // namespace

extern const Pass fuse_gemm;
const Pass fuse_gemm{"fuse_gemm",   "do bias and activation on a matrix product's accumulator",
                     Stage::engine, true,
                     propose,       nullptr};

}  // namespace hone::passes
