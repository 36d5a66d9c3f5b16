// fuse_gemm: MatMul + Add of a row, activations and sums with a value of the same shape behind Gemm
// and MatMul, and Transposes of an operand's matrices before them, become one FusedGemm.

#include "host/passes/permute.h"

namespace hone::passes {

namespace {

std::optional<Patch> with_activation(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto act = activation_of(g, n);
  const Node* gemm = act ? g.producer_of(n.input(0)) : nullptr;
  if (gemm == nullptr || gemm->block != n.block || !g.single_use(n.input(0))) return std::nullopt;
  auto made = as_fused_gemm(g, *gemm);
  if (!made || made->attributes.s("activation", "none") != "none") return std::nullopt;
  set_activation(*made, *act);
  return merged_pair(g, id, g.value(n.input(0)).producer, std::move(*made));
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
  return merged_pair(g, id, g.value(operands->value).producer, std::move(*made));
}

std::optional<Patch> with_residual(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Add") || n.inputs.size() != 2 || n.input(0) == n.input(1)) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    const Node* gemm = g.producer_of(n.input(i));
    const ValueId other = n.input(1 - i);
    if (gemm == nullptr || gemm->block != n.block || !g.single_use(n.input(i))) continue;
    if (g.constant(other) != nullptr || !is_f32(g, other)) continue;
    if (!same_shape(g, n.input(i), other)) continue;
    auto made = as_fused_gemm(g, *gemm);
    if (!made || made->attributes.s("activation", "none") != "none") continue;
    if (made->input(3) != graph::none) continue;
    made->inputs.resize(4, graph::none);
    made->inputs[3] = other;
    return merged_pair(g, id, g.value(n.input(i)).producer, std::move(*made));
  }
  return std::nullopt;
}

// The last two dimensions change places, the others stay.
bool transposes_matrices(const Graph& g, const Node& n) {
  if (!n.is("Transpose")) return false;
  Permutation perm = permutation_of(g, n);
  if (perm.size() < 2) return false;
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return is_identity(perm);
}

std::optional<Patch> with_transposed(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto made = as_fused_gemm(g, n);
  if (!made) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    const Node* before = g.producer_of(n.input(i));
    if (before == nullptr || before->block != n.block || !g.single_use(n.input(i))) continue;
    if (!transposes_matrices(g, *before)) continue;
    const char* flag = i == 0 ? "trans_a" : "trans_b";
    made->inputs[i] = before->input(0);
    made->attributes.set(flag, int64_t{made->attributes.i(flag, 0) == 0 ? 1 : 0});
    return merged_pair(g, id, g.value(n.input(i)).producer, std::move(*made));
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = with_activation(g, id)) return p;
  if (auto p = with_bias(g, id)) return p;
  if (auto p = with_residual(g, id)) return p;
  return with_transposed(g, id);
}

}  // namespace

extern const Pass fuse_gemm;
const Pass fuse_gemm{
    "fuse_gemm",   "do bias, activation and residual sums on a matrix product's accumulator",
    Stage::engine, true,
    propose,       nullptr};

}  // namespace hone::passes
