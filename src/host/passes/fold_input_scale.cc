// fold_input_scale: a factor per channel (or one in all) before a Conv, Gemm or MatMul with
// constant weights becomes part of them: W (s x) = (W s) x. Padding is of zeros, which no factor
// changes. In double, rounded once.

#include <algorithm>

#include "host/passes/activations.h"
#include "host/passes/affine.h"

namespace hone::passes {

namespace {

// How an operator's input channels lie in its weights: `count` of them, weights [outer][channel of
// the group][inner] where each group has `outer` rows of its own.
struct Channels {
  int axis = 0;  // of the input
  int64_t count = 0, per_group = 0, outer = 0, inner = 1;
};

std::optional<Channels> channels_of(const Graph& g, const Node& n, const Tensor& w) {
  if (!g.fact(n.input(0)).has_rank()) return std::nullopt;
  const int rank = g.fact(n.input(0)).rank();
  Channels c;
  if (n.is("Conv") && w.rank() >= 3) {
    const int64_t groups = n.attributes.i("group", 1);
    if (groups <= 0 || w.dims()[0] % groups != 0) return std::nullopt;
    c.axis = 1;
    c.per_group = w.dims()[1];
    c.count = c.per_group * groups;
    c.outer = w.dims()[0] / groups;
    for (size_t i = 2; i < w.dims().size(); ++i) c.inner *= w.dims()[i];
    return c;
  }
  const bool gemm = n.is("Gemm") && n.attributes.i("transA", 0) == 0;
  if ((!gemm && !n.is("MatMul")) || w.rank() != 2 || rank < 2) return std::nullopt;
  const bool rows = gemm && n.attributes.i("transB", 0) != 0;
  c.axis = rank - 1;
  c.count = c.per_group = w.dims()[rows ? 1 : 0];
  c.outer = rows ? w.dims()[0] : 1;
  c.inner = rows ? 1 : w.dims()[1];
  return c;
}

Tensor scaled(const Tensor& w, const Channels& c, const std::vector<double>& scale) {
  Tensor made(DType::f32, w.dims());
  for (int64_t i = 0; i < w.count(); ++i) {
    const int64_t row = i / (c.per_group * c.inner), group = row / c.outer;
    const int64_t channel = group * c.per_group + i / c.inner % c.per_group;
    made.set(i, w.at(i) * scale[static_cast<size_t>(channel)]);
  }
  return made;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Tensor* w = n.inputs.size() > 1 ? g.constant(n.input(1)) : nullptr;
  // A second reader would keep the old weights beside the new ones.
  if (w == nullptr || w->dtype() != DType::f32 || !g.single_use(n.input(1))) return std::nullopt;
  auto channels = channels_of(g, n, *w);
  const Node* before = channels ? g.producer_of(n.input(0)) : nullptr;
  if (before == nullptr || before->block != n.block || !g.single_use(n.input(0))) {
    return std::nullopt;
  }
  if (!before->is("Mul") && !before->is("Div")) return std::nullopt;
  // An activation is done on an accumulator; without its last factor it would be none.
  const auto gelu = gelu_of(g, *before);
  if ((gelu && gelu->factor == 1) || hard_activation_of(g, *before)) return std::nullopt;
  auto affine = affine_of(g, *before, channels->axis, channels->count);
  const bool factors = affine && std::all_of(affine->shift.begin(), affine->shift.end(),
                                             [](double s) { return s == 0; });
  if (!factors) return std::nullopt;
  Tensor weights = scaled(*w, *channels, affine->scale);
  if (!all_finite(weights)) return std::nullopt;
  Patch p(g, id);
  Node made = n;
  made.origin.clear();
  made.inputs[0] = with_constant(g, *before)->value;
  made.inputs[1] = p.constant(std::move(weights), g.value(n.input(1)).name);
  const NodeId before_id = g.value(n.input(0)).producer;
  p.replace(n.output(0), p.add(std::move(made), {before_id, id}));
  p.remove(id);
  p.remove(before_id);
  p.set_why(label(*before) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass fold_input_scale;
const Pass fold_input_scale{"fold_input_scale",
                            "fold factors into the weights they meet next",
                            Stage::standard,
                            false,
                            propose,
                            nullptr};

}  // namespace hone::passes
