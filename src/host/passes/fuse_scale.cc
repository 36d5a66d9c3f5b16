// fuse_scale: a factor of one number behind a matrix product, or on either of its operands, becomes
// FusedGemm's alpha. Attention divides by the root of the width in each of these places.

#include <cmath>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// n = value times factor.
struct Scaled {
  ValueId value;
  double factor;
};

std::optional<Scaled> scaled_by_one_number(const Graph& g, const Node& n) {
  const bool mul = n.is("Mul"), div = n.is("Div");
  auto operands = mul || div ? with_constant(g, n) : std::nullopt;
  if (!operands || operands->constant->count() != 1 || !is_f32(g, n.output(0))) return std::nullopt;
  if (div && operands->value != n.input(0)) return std::nullopt;
  if (!same_shape(g, operands->value, n.output(0))) return std::nullopt;
  const double c = operands->constant->at(0), factor = div ? 1 / c : c;
  if (!std::isfinite(factor)) return std::nullopt;
  return Scaled{operands->value, factor};
}

bool multiply_alpha(Node& gemm, double factor) {
  const double alpha = static_cast<double>(gemm.attributes.f("alpha", 1)) * factor;
  const auto rounded = static_cast<float>(alpha);
  if (!std::isnormal(rounded) && alpha != 0) return false;
  gemm.attributes.set("alpha", rounded);
  return true;
}

std::optional<Patch> behind(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto scaled = scaled_by_one_number(g, n);
  const Node* product = scaled ? g.producer_of(scaled->value) : nullptr;
  if (product == nullptr || product->block != n.block || !g.single_use(scaled->value)) {
    return std::nullopt;
  }
  auto made = as_fused_gemm(g, *product);
  if (!made || made->attributes.s("activation", "none") != "none") return std::nullopt;
  if (made->input(2) != graph::none || made->input(3) != graph::none) return std::nullopt;
  if (!multiply_alpha(*made, scaled->factor)) return std::nullopt;
  return merged_pair(g, id, g.value(scaled->value).producer, std::move(*made));
}

std::optional<Patch> before(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto made = as_fused_gemm(g, n);
  if (!made) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    const Node* factor = g.producer_of(n.input(i));
    if (factor == nullptr || factor->block != n.block || !g.single_use(n.input(i))) continue;
    auto scaled = scaled_by_one_number(g, *factor);
    if (!scaled || !multiply_alpha(*made, scaled->factor)) continue;
    made->inputs[i] = scaled->value;
    return merged_pair(g, id, g.value(n.input(i)).producer, std::move(*made));
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (auto p = behind(g, id)) return p;
  return before(g, id);
}

}  // namespace

extern const Pass fuse_scale;
const Pass fuse_scale{
    "fuse_scale", "scale a matrix product as it is written", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
