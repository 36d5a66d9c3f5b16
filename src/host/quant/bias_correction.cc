#include "host/quant/bias_correction.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

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

namespace {

std::vector<double> means_of(const TensorStats& s) {
  std::vector<double> m;
  for (size_t c = 0; c < s.channels.size(); ++c) m.push_back(s.channel_mean(c));
  return m;
}

std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (size_t c = 0; c < a.size(); ++c) a[c] -= b[c];
  return a;
}

// Means by channel of what these layers read and make.
Result<Statistics> see(const Graph& g, const Graph& names, std::span<const DenseLayer> layers,
                       const Samples& samples, int threads) {
  std::set<ValueId> values;
  for (const DenseLayer& layer : layers) {
    for (ValueId v : {layer.input, layer.output}) values.insert(g.find_value(names.value(v).name));
  }
  values.erase(graph::none);
  ObserveOptions o;
  o.threads = threads;
  o.means_only = true;
  o.channels = values;
  return observe(g, std::vector<ValueId>(values.begin(), values.end()), samples, o);
}

// The shift of a layer's output. Of layers corrected together only the first sees corrected
// inputs; from the others' shift that of their input, which will be gone, is taken off.
std::vector<double> shift_of(const Graph& g, const DenseLayer& layer, bool first,
                             const Statistics& want, const Graph& q, const Statistics& got) {
  const auto seen = [&](ValueId v) { return got.find(q.find_value(g.value(v).name)); };
  const auto out = seen(layer.output), in = seen(layer.input);
  if (out == got.end()) return {};
  std::vector<double> shift = minus(means_of(want.at(layer.output)), means_of(out->second));
  if (first || in == got.end()) return shift;
  const std::vector<double> moved = minus(means_of(want.at(layer.input)), means_of(in->second));
  return minus(std::move(shift), times_channels(g, layer, *g.constant(layer.weights), moved));
}

}  // namespace

Result<Corrected> correct_biases_full(const Graph& g, const Quantise& quantise,
                                      const Samples& samples, const FullCorrection& options) {
  Corrected out;
  HONE_ASSIGN(Graph q, quantise(g));
  const std::vector<DenseLayer> layers = correctable(g, q, &out.left);
  out.graph = g;
  out.layers = static_cast<int>(layers.size());
  HONE_ASSIGN(const Statistics want, see(g, g, layers, samples, options.threads));
  const size_t stages = std::min(layers.size(), static_cast<size_t>(std::max(options.stages, 1)));
  for (size_t stage = 0; stage < stages; ++stage) {
    const size_t begin = stage * layers.size() / stages;
    const size_t end = (stage + 1) * layers.size() / stages;
    if (stage > 0) {
      HONE_ASSIGN(q, quantise(out.graph));
    }
    const auto together = std::span(layers).subspan(begin, end - begin);
    HONE_ASSIGN(const Statistics got, see(q, g, together, samples, options.threads));
    std::map<NodeId, std::vector<double>> added;
    for (const DenseLayer& layer : together) {
      std::vector<double> shift = shift_of(g, layer, &layer == &together[0], want, q, got);
      if (!shift.empty()) added[layer.node] = std::move(shift);
    }
    HONE_ASSIGN(out.graph, with_biases(out.graph, added));
  }
  return out;
}

namespace {

// The biases of one layer in `plain` less those in `corrected`; empty where it has none of its own.
std::vector<double> taken_back(const Graph& corrected, const Graph& plain, const DenseLayer& l) {
  const ValueId before = plain.node(l.node).input(2), now = corrected.node(l.node).input(2);
  const Tensor* was = plain.constant(before);
  const Tensor* is = corrected.constant(now);
  if (!l.takes_bias || is == nullptr || before == now) return {};
  std::vector<double> back;
  for (int64_t c = 0; c < l.channels; ++c) {
    const double own = was == nullptr ? 0 : was->at(was->count() == 1 ? 0 : c);
    back.push_back(own - is->at(c));
  }
  return back;
}

}  // namespace

Result<Inserted> insert_corrected(const Graph& corrected, const Graph& plain, const Scheme& scheme,
                                  const Ranges& ranges) {
  std::map<NodeId, std::vector<double>> back;
  if (!scheme.leave_float.empty()) {
    for (const DenseLayer& layer : dense_layers(corrected)) {
      if (!scheme.leave_float.contains(corrected.node(layer.node).name)) continue;
      std::vector<double> own = taken_back(corrected, plain, layer);
      if (!own.empty()) back[layer.node] = std::move(own);
    }
  }
  if (back.empty()) return insert_qdq(corrected, scheme, ranges);
  HONE_ASSIGN(const Graph g, with_biases(corrected, back));
  return insert_qdq(g, scheme, ranges);
}

}  // namespace hone::quant
