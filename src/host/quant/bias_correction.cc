#include "host/quant/bias_correction.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/ops/evaluate.h"

namespace hone::quant {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

namespace {

std::map<std::string, NodeId> nodes_by_name(const Graph& g) {
  std::map<std::string, NodeId> out;
  for (NodeId n : g.block().nodes) out[g.node(n).name] = n;
  return out;
}

// The weights as the quantised graph multiplies by them; none where they stayed float.
Result<Tensor> rounded_weights(const Graph& q, NodeId layer) {
  const Node* dequantize = q.producer_of(q.node(layer).input(1));
  if (dequantize == nullptr || !dequantize->is("DequantizeLinear")) return Tensor();
  std::vector<Tensor> inputs;
  for (ValueId v : dequantize->inputs) {
    const Tensor* t = v == graph::none ? nullptr : q.constant(v);
    if (v != graph::none && t == nullptr) return Tensor();
    inputs.push_back(t == nullptr ? Tensor() : *t);
  }
  HONE_ASSIGN(std::vector<Tensor> out, ops::evaluate_node(q, *dequantize, inputs));
  return out[0];
}

bool is_quantised(const Graph& q, const std::map<std::string, NodeId>& names, const Node& n) {
  const auto found = names.find(n.name);
  if (found == names.end()) return false;
  const Node* w = q.producer_of(q.node(found->second).input(1));
  return w != nullptr && w->is("DequantizeLinear");
}

// The layers that the quantised graph computes with rounded weights and that can be corrected;
// what cannot is told in `left`.
std::vector<DenseLayer> correctable(const Graph& g, const Graph& q,
                                    std::vector<std::string>* left) {
  const auto names = nodes_by_name(q);
  std::vector<DenseLayer> out;
  for (const DenseLayer& layer : dense_layers(g)) {
    const Node& n = g.node(layer.node);
    if (!is_quantised(q, names, n)) continue;
    if (layer.takes_bias) {
      out.push_back(layer);
    } else {
      left->push_back(fmt::format("'{}': {} takes no bias to correct", n.name, n.op));
    }
  }
  return out;
}

}  // namespace

Result<Corrected> correct_biases_fast(const Graph& g, const Quantise& quantise,
                                      const Statistics& seen) {
  HONE_ASSIGN(const Graph q, quantise(g));
  const auto names = nodes_by_name(q);
  Corrected out;
  std::map<NodeId, std::vector<double>> added;
  for (const DenseLayer& layer : correctable(g, q, &out.left)) {
    HONE_ASSIGN(const Tensor rounded, rounded_weights(q, names.at(g.node(layer.node).name)));
    const auto stats = seen.find(layer.input);
    if (!rounded || stats == seen.end() || stats->second.channels.empty()) {
      out.left.push_back(fmt::format("'{}': its input was not observed", g.node(layer.node).name));
      continue;
    }
    std::vector<double> mean;
    for (size_t c = 0; c < stats->second.channels.size(); ++c) {
      mean.push_back(stats->second.channel_mean(c));
    }
    std::vector<double> want = times_channels(g, layer, *g.constant(layer.weights), mean);
    const std::vector<double> got = times_channels(g, layer, rounded, mean);
    for (size_t c = 0; c < want.size(); ++c) want[c] -= got[c];
    added[layer.node] = std::move(want);
  }
  out.layers = static_cast<int>(added.size());
  HONE_ASSIGN(out.graph, with_biases(g, added));
  return out;
}

Result<Corrected> correct_biases_full(const Graph& g, const Quantise& quantise,
                                      const Samples& samples, const FullCorrection& options) {
  Corrected out;
  HONE_ASSIGN(Graph q, quantise(g));
  const std::vector<DenseLayer> layers = correctable(g, q, &out.left);
  out.graph = g;
  out.layers = static_cast<int>(layers.size());
  ObserveOptions observing;
  observing.threads = options.threads;
  observing.means_only = true;
  std::vector<ValueId> values;
  for (const DenseLayer& layer : layers) values.push_back(layer.output);
  observing.channels = {values.begin(), values.end()};
  HONE_ASSIGN(const Statistics want, observe(g, values, samples, observing));
  const size_t stages = std::min(layers.size(), static_cast<size_t>(std::max(options.stages, 1)));
  for (size_t stage = 0; stage < stages; ++stage) {
    const size_t begin = stage * layers.size() / stages;
    const size_t end = (stage + 1) * layers.size() / stages;
    if (stage > 0) {
      HONE_ASSIGN(q, quantise(out.graph));
    }
    values.clear();
    for (size_t i = begin; i < end; ++i) {
      values.push_back(q.find_value(g.value(layers[i].output).name));
    }
    observing.channels = {values.begin(), values.end()};
    HONE_ASSIGN(const Statistics got, observe(q, values, samples, observing));
    std::map<NodeId, std::vector<double>> added;
    for (size_t i = begin; i < end; ++i) {
      const TensorStats& a = want.at(layers[i].output);
      const TensorStats& b = got.at(values[i - begin]);
      std::vector<double>& shift = added[layers[i].node];
      for (size_t c = 0; c < a.channels.size(); ++c) {
        shift.push_back(a.channel_mean(c) - b.channel_mean(c));
      }
    }
    HONE_ASSIGN(out.graph, with_biases(out.graph, added));
  }
  return out;
}

}  // namespace hone::quant
