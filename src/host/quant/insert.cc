#include "host/quant/insert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/graph/patch.h"
#include "host/graph/title.h"
#include "host/import/raise_opset.h"
#include "host/ops/op_def.h"
#include "host/quant/params.h"
#include "host/quant/rules.h"
#include "host/quant/share_scales.h"
#include "host/quant/weight_nodes.h"
#include "host/quant/weights.h"

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

class Inserter {
 public:
  Inserter(const Graph& g, const Scheme& scheme)
      : g_(g), scheme_(scheme), placement_(place(g, scheme)), patch_(g, anchor_of_inputs(g)) {}

  Result<Inserted> run(const Ranges& ranges) {
    if (placement_.values.empty()) return Inserted{g_, {}};
    HONE_ASSIGN(const auto shared, share_scales(g_, placement_, ranges));
    for (const ValueId v : placement_.values) round_value(v, shared.at(v));
    for (const NodeId n : g_.block().nodes) {
      const bool dense = role_of(g_, g_.node(n)) == Role::dense;
      if (dense && placement_.on_integers[static_cast<size_t>(n)]) {
        HONE_RETURN_IF_ERROR(round_weights(n));
      }
    }
    for (const NodeId n : placement_.tables) {
      patch_.insert_before(n);
      patch_.replace(g_.node(n).output(0),
                     add_table(patch_, g_, n, *g_.constant(g_.node(n).input(0)), version()));
    }
    Inserted made{g_, std::move(findings_)};
    patch_.set_why("quantisation");
    HONE_RETURN_IF_ERROR(patch_.apply(made.graph, ops::infer_node));
    HONE_RETURN_IF_ERROR(raise_opset(made.graph, opset_needed(scheme_)));
    return made;
  }

 private:
  static NodeId anchor_of_inputs(const Graph& g) {
    return g.block().nodes.empty() ? graph::none : g.block().nodes.front();
  }

  // New nodes go right behind the one that makes v.
  void insert_behind(ValueId v) {
    const auto& nodes = g_.block().nodes;
    auto at = nodes.begin();
    if (g_.value(v).producer != graph::none) {
      at = std::find(nodes.begin(), nodes.end(), g_.value(v).producer) + 1;
    }
    if (at == nodes.end()) {
      patch_.insert_at_end(0);
    } else {
      patch_.insert_before(*at);
    }
  }

  std::vector<NodeId> origin_of(ValueId v) const {
    const NodeId n = g_.value(v).producer;
    return n == graph::none ? std::vector<NodeId>{} : std::vector<NodeId>{n};
  }

  int64_t version() const { return std::max(g_.opset(), opset_needed(scheme_)); }
  ValueId linear(const char* op, const std::string& called, std::vector<ValueId> inputs,
                 std::optional<int64_t> axis, const std::vector<NodeId>& origins) {
    return add_linear(patch_, op, called, std::move(inputs), axis, version(), origins);
  }

  DType type_of(ValueId v) const {
    const bool wide = std::binary_search(placement_.wide.begin(), placement_.wide.end(), v);
    if (!wide) return scheme_.activations;
    return scheme_.activations == DType::u8 ? DType::u16 : DType::i16;
  }

  void round_value(ValueId v, const Range& range) {
    const std::string& called = g_.value(v).name;
    const DType type = type_of(v);
    const Affine a = affine_of(range, grid(scheme_, type));
    scale_of_[v] = a.scale;
    Tensor zero(type, {});
    zero.set(0, a.zero);
    const ValueId scale = patch_.constant(Tensor::scalar(a.scale), "scale");
    const ValueId point = patch_.constant(std::move(zero), "zero");
    insert_behind(v);
    const std::vector<NodeId> origins = origin_of(v);
    const ValueId q =
        linear("QuantizeLinear", generated(called, "_quantized"), {v, scale, point}, {}, origins);
    const ValueId x = linear("DequantizeLinear", generated(called, "_dequantized"),
                             {q, scale, point}, {}, origins);
    // What integers are computed for is read by all as it was rounded: a second, exact result
    // would cost the whole of it again. What is computed in floats anyway stays exact for others.
    const NodeId producer = g_.value(v).producer;
    if (producer != graph::none && placement_.on_integers[static_cast<size_t>(producer)]) {
      patch_.replace(v, x);
      return;
    }
    for (const NodeId n : g_.users(v)) {
      if (!placement_.on_integers[static_cast<size_t>(n)]) continue;
      const Node& node = g_.node(n);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == v) patch_.set_input(n, i, x);
      }
    }
  }

  // --- weights --------------------------------------------------------------------------------
  Status round_weights(NodeId id) {
    const Node& n = g_.node(id);
    // Integers know no factors: they go into the weights and the bias.
    const Tensor w = weights_of(g_, n);
    for (const float x : w.as<float>()) {
      if (!std::isfinite(x)) return invalid(title(g_, n) + ": its weights are not all finite");
    }
    const double beta = n.is("Gemm") ? static_cast<double>(n.attributes.f("beta", 1)) : 1;
    if (n.is("Gemm")) patch_.set_attribute(id, "alpha", std::nullopt);
    patch_.insert_before(id);
    const std::string& called = g_.value(n.input(1)).name;
    if (scheme_.weights == Granularity::group && w.rank() == 2) {
      patch_.set_input(
          id, 1,
          add_blocks(patch_, id, called, w, summed_axis(n), scheme_.group, DType::i8, version()));
      return {};
    }
    const int axis = scheme_.weights == Granularity::tensor ? graph::none : channel_axis(n, w);
    std::vector<float> scales = weight_scales(largest_by_channel(w, axis), 127);
    const std::optional<std::vector<float>> bias = bias_of(n, w, beta);
    const float input_scale = scale_of_.at(n.input(0));
    if (bias && guard_bias(*bias, input_scale, scales)) {
      findings_.push_back(
          fmt::format("{}: scales of its weights raised so that its bias fits 32 "
                      "bits",
                      title(g_, n)));
    }
    patch_.set_input(id, 1, add_weights(patch_, id, called, w, scales, axis, version()));
    if (bias) set_bias(id, *bias, input_scale, scales);
    return {};
  }

  // The constant bias as one number per output channel; nullopt: there is none of that form.
  std::optional<std::vector<float>> bias_of(const Node& n, const Tensor& w, double beta) const {
    const Tensor* b = n.is("MatMul") ? nullptr : g_.constant(n.input(2));
    if (b == nullptr || b->dtype() != DType::f32) return std::nullopt;
    int64_t channels = w.dims()[static_cast<size_t>(channel_axis(n, w))];
    if (n.is("ConvTranspose")) channels *= n.attributes.i("group", 1);
    const bool row = b->rank() == 1 || (b->rank() == 2 && b->dims()[0] == 1) || b->count() == 1;
    if (!row || (b->count() != channels && b->count() != 1)) return std::nullopt;
    std::vector<float> out;
    for (int64_t c = 0; c < channels; ++c) {
      out.push_back(static_cast<float>(beta * b->at(b->count() == 1 ? 0 : c)));
      if (!std::isfinite(out.back())) return std::nullopt;
    }
    return out;
  }

  void set_bias(NodeId id, const std::vector<float>& bias, float input_scale,
                const std::vector<float>& weight_scales) {
    const Node& n = g_.node(id);
    std::vector<int32_t> integers;
    std::vector<float> scales;
    for (size_t c = 0; c < bias.size(); ++c) {
      const size_t at = weight_scales.size() == 1 ? 0 : c % weight_scales.size();
      const float s = input_scale * weight_scales[at];
      scales.push_back(s);
      // A product too small for float has a bias of nothing: the guard kept all others.
      const double q = s > 0 ? std::nearbyint(static_cast<double>(bias[c] / s)) : 0;
      integers.push_back(static_cast<int32_t>(std::clamp(q, -0x1p31, 0x1p31 - 1)));
    }
    if (weight_scales.size() == 1) scales.resize(1);
    const std::string& called = g_.value(n.input(2)).name;
    const auto channels = static_cast<int64_t>(integers.size());
    const bool one = scales.size() == 1;
    const ValueId q =
        patch_.constant(Tensor::of<int32_t>({channels}, integers), generated(called, "_quantized"));
    const ValueId scale =
        patch_.constant(Tensor::of<float>(one ? Dims{} : Dims{channels}, scales), "scale");
    patch_.set_input(id, 2,
                     linear("DequantizeLinear", generated(called, "_dequantized"), {q, scale},
                            one ? std::nullopt : std::optional<int64_t>(0), {id}));
    patch_.set_attribute(id, "beta", std::nullopt);
  }

  const Graph& g_;
  const Scheme& scheme_;
  const Placement placement_;
  Patch patch_;
  std::map<ValueId, float> scale_of_;
  std::vector<std::string> findings_;
};

}  // namespace

Result<Inserted> insert_qdq(const Graph& graph, const Scheme& scheme, const Ranges& ranges) {
  return Inserter(graph, scheme).run(ranges);
}

}  // namespace hone::quant
