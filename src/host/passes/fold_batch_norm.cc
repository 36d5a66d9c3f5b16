// fold_batch_norm: BatchNormalization, and arithmetic with one number per channel, behind a
// Conv or ConvTranspose become part of its weights and bias. In double, rounded once.

#include "host/passes/affine.h"

namespace hone::passes {

namespace {

// How output channel c lies in the weights: Conv has [o, i / group, ...], ConvTranspose
// [i, o / group, ...], its group g of inputs making group g of outputs.
struct Filters {
  bool transposed;
  int64_t channels, per_group, inputs, groups;

  int64_t channel_of(const Tensor& w, int64_t element) const {
    const int64_t first = w.dims()[0], second = w.dims()[1];
    const int64_t inner = w.count() / (first * second);
    const int64_t a = element / (inner * second), b = element / inner % second;
    return transposed ? a / (inputs / groups) * per_group + b : a;
  }
};

std::optional<Filters> filters_of(const Node& n, const Tensor& w) {
  const int64_t groups = n.attributes.i("group", 1);
  if (groups < 1 || w.count() == 0) return std::nullopt;
  if (n.is("Conv")) return Filters{false, w.dims()[0], 0, 0, groups};
  if (w.dims()[0] % groups != 0) return std::nullopt;
  return Filters{true, w.dims()[1] * groups, w.dims()[1], w.dims()[0], groups};
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  ValueId in = n.is("BatchNormalization") ? n.input(0) : graph::none;
  if (in == graph::none) {
    if (auto operands = with_constant(g, n)) in = operands->value;
  }
  const Node* conv = g.producer_of(in);
  const bool folds = conv != nullptr && (conv->is("Conv") || conv->is("ConvTranspose"));
  if (!folds || conv->block != n.block || !g.single_use(in)) return std::nullopt;
  const Tensor* w = g.constant(conv->input(1));
  const Tensor* b = g.constant(conv->input(2));
  bool plain = w != nullptr && w->dtype() == DType::f32 && w->rank() >= 3;
  if (!plain || (conv->input(2) != graph::none && b == nullptr)) return std::nullopt;
  auto filters = filters_of(*conv, *w);
  if (!filters) return std::nullopt;
  const int64_t channels = filters->channels;
  auto affine = batch_norm_of(g, n, channels);
  if (!affine) affine = affine_of(g, n, 1, channels);
  if (!affine) return std::nullopt;

  Tensor weights(DType::f32, w->dims()), bias(DType::f32, {channels});
  for (int64_t i = 0; i < w->count(); ++i) {
    weights.set(i, w->at(i) * affine->scale[static_cast<size_t>(filters->channel_of(*w, i))]);
  }
  for (int64_t c = 0; c < channels; ++c) {
    auto k = static_cast<size_t>(c);
    bias.set(c, (b != nullptr ? b->at(c) : 0) * affine->scale[k] + affine->shift[k]);
  }
  if (!all_finite(weights)) return std::nullopt;
  NodeId conv_id = g.value(in).producer;
  Patch p(g, id);
  Node folded = *conv;
  folded.inputs.resize(3, graph::none);
  folded.inputs[1] = p.constant(std::move(weights), g.value(conv->input(1)).name);
  folded.inputs[2] = p.constant(std::move(bias), conv->name + "_bias");
  folded.origin.clear();
  p.replace(n.output(0), p.add(std::move(folded), {conv_id, id}));
  p.remove(id);
  p.remove(conv_id);
  p.set_why(label(*conv) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass fold_batch_norm;
const Pass fold_batch_norm{"fold_batch_norm", "fold normalisation and scaling into convolutions",
                           Stage::standard,   false,
                           propose,           nullptr};

}  // namespace hone::passes
