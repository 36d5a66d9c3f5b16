// fold_batch_norm: BatchNormalization, and arithmetic with one number per channel, behind a
// Conv become part of its weights and bias. In double, rounded once.

#include "host/passes/affine.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  ValueId in = n.is("BatchNormalization") ? n.input(0) : graph::none;
  if (in == graph::none) {
    if (auto operands = with_constant(g, n)) in = operands->value;
  }
  const Node* conv = g.producer_of(in);
  if (conv == nullptr || !conv->is("Conv") || conv->block != n.block || !g.single_use(in)) {
    return std::nullopt;
  }
  const Tensor* w = g.constant(conv->input(1));
  const Tensor* b = g.constant(conv->input(2));
  bool plain = w != nullptr && w->dtype() == DType::f32 && w->rank() >= 3;
  if (!plain || (conv->input(2) != graph::none && b == nullptr)) return std::nullopt;
  int64_t channels = w->dims()[0];
  auto affine = batch_norm_of(g, n, channels);
  if (!affine) affine = affine_of(g, n, 1, channels);
  if (!affine) return std::nullopt;

  Tensor weights(DType::f32, w->dims()), bias(DType::f32, {channels});
  int64_t per = channels > 0 ? w->count() / channels : 0;
  for (int64_t c = 0; c < channels; ++c) {
    auto k = static_cast<size_t>(c);
    for (int64_t i = c * per; i < (c + 1) * per; ++i) weights.set(i, w->at(i) * affine->scale[k]);
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
