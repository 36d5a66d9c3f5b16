#include "host/quant/dense_layers.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/graph/patch.h"
#include "host/ops/op_def.h"

namespace hone::quant {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

namespace {

bool plain_gemm(const Node& n) {
  return n.attributes.i("transA", 0) == 0 && n.attributes.f("alpha", 1) == 1 &&
         n.attributes.f("beta", 1) == 1;
}

// Of the weights; -1: not a layer of ours.
int output_axis(const Node& n, const Tensor& w) {
  if (n.is("Conv")) return w.rank() >= 3 ? 0 : -1;
  if (w.rank() != 2) return -1;
  if (n.is("MatMul")) return 1;
  if (!n.is("Gemm") || !plain_gemm(n)) return -1;
  return n.attributes.i("transB", 0) != 0 ? 0 : 1;
}

}  // namespace

std::vector<DenseLayer> dense_layers(const Graph& g) {
  std::vector<DenseLayer> layers;
  for (NodeId id : g.block().nodes) {
    const Node& n = g.node(id);
    const Tensor* w = g.constant(n.input(1));
    if (w == nullptr || w->dtype() != DType::f32 || g.constant(n.input(0)) != nullptr) continue;
    const int axis = output_axis(n, *w);
    const bool biased = n.input(2) != graph::none;
    if (axis < 0 || (biased && g.constant(n.input(2)) == nullptr)) continue;
    layers.push_back({id, n.input(0), n.input(1), n.output(0), w->dims()[static_cast<size_t>(axis)],
                      !n.is("MatMul")});
  }
  return layers;
}

std::vector<double> times_channels(const Graph& g, const DenseLayer& layer, const Tensor& w,
                                   const std::vector<double>& x) {
  const Node& n = g.node(layer.node);
  const auto values = w.as<float>();
  const auto m = static_cast<size_t>(layer.channels);
  std::vector<double> out(m, 0);
  if (output_axis(n, w) == 1) {
    for (size_t i = 0; i < values.size(); ++i) out[i % m] += double{values[i]} * x[i / m];
    return out;
  }
  const auto per_output = values.size() / m;
  const auto depth = static_cast<size_t>(w.dims()[1]);
  const size_t taps = per_output / depth;
  const auto groups = static_cast<size_t>(n.is("Conv") ? n.attributes.i("group", 1) : int64_t{1});
  for (size_t c = 0; c < m; ++c) {
    const size_t first = c / (m / groups) * depth;
    for (size_t j = 0; j < per_output; ++j) {
      out[c] += double{values[c * per_output + j]} * x[first + j / taps];
    }
  }
  return out;
}

Result<Graph> with_biases(const Graph& g, const std::map<NodeId, std::vector<double>>& added) {
  if (added.empty()) return g;
  graph::Patch patch(g, added.begin()->first);
  for (const auto& [id, numbers] : added) {
    const Node& n = g.node(id);
    const Tensor* old = g.constant(n.input(2));
    Tensor bias(DType::f32, {static_cast<int64_t>(numbers.size())});
    auto values = bias.as_mutable<float>();
    for (size_t c = 0; c < values.size(); ++c) {
      const double before =
          old == nullptr ? 0 : old->at(old->count() == 1 ? 0 : static_cast<int64_t>(c));
      values[c] = static_cast<float>(before + numbers[c]);
    }
    patch.set_input(id, 2, patch.constant(std::move(bias), n.name + ".bias"));
  }
  patch.set_why("biases");
  Graph out = g;
  HONE_RETURN_IF_ERROR(patch.apply(out, ops::infer_node));
  return out;
}

}  // namespace hone::quant
