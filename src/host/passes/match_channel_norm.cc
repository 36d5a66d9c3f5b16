// match_channel_norm: layer normalisation over axis 1, pixel by pixel (ConvNeXt's and SAM's
// LayerNorm2d), is LayerNormalization between two Transposes, which cost nothing where pictures lie
// channels last. The scale and bias behind it are taken in.

#include "host/passes/permute.h"
#include "host/passes/root_mean_square.h"

namespace hone::passes {

namespace {

constexpr int64_t layer_norm_since = 17;
const Permutation to_last = {0, 2, 3, 1}, to_second = {0, 3, 1, 2};

ValueId transposed(ValueId v, const Permutation& perm, NodeId origin, Patch* p) {
  Node t;
  t.op = "Transpose";
  t.inputs = {v};
  t.attributes.set("perm", perm);
  return p->add(std::move(t), {origin});
}

// x, where n = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) over axis 1 of four.
ValueId normalised_channels(const Graph& g, const Node& n, float* epsilon) {
  auto found = over_its_rms(g, n);
  if (!found || found->axes != std::vector<int64_t>{1}) return graph::none;
  const Node* centred = g.producer_of(found->x);
  if (centred == nullptr || !centred->is("Sub")) return graph::none;
  const ValueId x = centred->input(0);
  const Node* mean = g.producer_of(centred->input(1));
  if (mean == nullptr || mean->input(0) != x || mean_axes(g, *mean) != found->axes) {
    return graph::none;
  }
  *epsilon = found->epsilon;
  return x;
}

std::optional<Patch> normalisation(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  float epsilon = 0;
  const ValueId x = normalised_channels(g, n, &epsilon);
  if (x == graph::none || !same_shape(g, x, n.output(0)) || g.fact(x).rank() != 4) {
    return std::nullopt;
  }
  const auto channels = (*g.fact(x).shape)[1].const_value();
  if (!channels) return std::nullopt;
  Tensor ones(DType::f32, {*channels});
  for (int64_t i = 0; i < ones.count(); ++i) ones.set(i, 1);
  Patch p(g, id);
  Node norm;
  norm.op = "LayerNormalization";
  norm.version = layer_norm_since;
  norm.name = n.name;
  norm.inputs = {transposed(x, to_last, id, &p), p.constant(std::move(ones), n.name + "_scale")};
  norm.attributes.set("axis", int64_t{-1});
  norm.attributes.set("epsilon", epsilon);
  p.replace(n.output(0), transposed(p.add(std::move(norm), {id}), to_second, id, &p));
  p.remove(id);
  p.set_why(label(n) + " normalises channels");
  return p;
}

// The constant as one number for each channel of [n, c, h, w].
std::optional<Tensor> per_channel(const Tensor& t, int64_t channels) {
  const Dims &d = t.dims(), three = {channels, 1, 1}, four = {1, channels, 1, 1};
  if (t.dtype() != DType::f32 || (d != three && d != four)) return std::nullopt;
  return t.reshaped({channels});
}

bool all_ones(const Tensor& t) {
  for (int64_t i = 0; i < t.count(); ++i) {
    if (t.at(i) != 1) return false;
  }
  return true;
}

// Mul, then Add, by a number for each channel behind the second Transpose.
std::optional<Patch> affine(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const bool scales = n.is("Mul");
  auto operands = scales || n.is("Add") ? with_constant(g, n) : std::nullopt;
  if (!operands || !same_shape(g, operands->value, n.output(0))) return std::nullopt;
  const Node* back = g.producer_of(operands->value);
  if (back == nullptr || !back->is("Transpose") || back->block != n.block) return std::nullopt;
  const Node* norm = g.producer_of(back->input(0));
  if (norm == nullptr || !norm->is("LayerNormalization") || norm->outputs.size() != 1) {
    return std::nullopt;
  }
  const Tensor* scale = g.constant(norm->input(1));
  const bool fits = permutation_of(g, *back) == to_second && scale != nullptr &&
                    scale->rank() == 1 && norm->input(2) == graph::none &&
                    (!scales || all_ones(*scale));
  if (!fits || !g.single_use(operands->value) || !g.single_use(back->input(0))) {
    return std::nullopt;
  }
  auto constant = per_channel(*operands->constant, scale->count());
  if (!constant) return std::nullopt;
  const NodeId back_id = g.value(operands->value).producer;
  const NodeId norm_id = g.value(back->input(0)).producer;
  Patch p(g, id);
  Node made = *norm;
  made.origin.clear();
  made.inputs.resize(scales ? 2 : 3, graph::none);
  made.inputs.back() = p.constant(std::move(*constant), n.name + (scales ? "_scale" : "_bias"));
  p.replace(n.output(0), transposed(p.add(std::move(made), {norm_id, id}), to_second, back_id, &p));
  for (NodeId gone : {id, back_id, norm_id}) p.remove(gone);
  p.set_why(label(*norm) + " + " + label(n));
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (!is_f32(g, g.node(id).output(0))) return std::nullopt;
  if (auto p = normalisation(g, id)) return p;
  return affine(g, id);
}

}  // namespace

extern const Pass match_channel_norm;
const Pass match_channel_norm{"match_channel_norm",
                              "recognise layer normalisation over channels",
                              Stage::engine,
                              true,
                              propose,
                              nullptr};

}  // namespace hone::passes
