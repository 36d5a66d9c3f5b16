#include "host/quant/causes.h"

#include <algorithm>
#include <cmath>

namespace hone::quant {

using graph::Graph;
using graph::Node;
using graph::ValueId;

namespace {

constexpr float far_apart = 8;

float magnitude(float low, float high) { return std::max({-low, high, 0.0f}); }

bool joins_unlike_parts(const Graph& g, ValueId v, const Statistics& seen) {
  const Node* n = g.producer_of(v);
  if (n == nullptr || !n->is("Concat")) return false;
  float least = std::numeric_limits<float>::infinity(), most = 0;
  for (ValueId part : n->inputs) {
    const auto s = seen.find(part);
    if (s == seen.end() || s->second.empty()) return false;
    const float m = magnitude(s->second.min, s->second.max);
    least = std::min(least, m);
    most = std::max(most, m);
  }
  return most > far_apart * least;
}

bool has_outlier_channel(const TensorStats& s) {
  std::vector<float> m;
  for (const ChannelStats& c : s.channels) m.push_back(magnitude(c.min, c.max));
  if (m.size() < 4) return false;
  std::sort(m.begin(), m.end());
  return m.back() > far_apart * m[m.size() / 2] && m[m.size() / 2] > 0;
}

double share_beyond(const Histogram& h, const Range& r) {
  double beyond = 0;
  for (int i = 0; i < Histogram::bins && !h.empty(); ++i) {
    if (h.left(i + 1) <= r.low || h.left(i) >= r.high) {
      beyond += static_cast<double>(h.counts()[static_cast<size_t>(i)]);
    }
  }
  return h.total() == 0 ? 0 : beyond / static_cast<double>(h.total());
}

bool has_dead_channel(const Graph& g, const DenseLayer& layer) {
  const Tensor& w = *g.constant(layer.weights);
  const auto values = w.as<float>();
  const auto m = static_cast<size_t>(layer.channels);
  const bool outputs_last = w.rank() == 2 && w.dims()[1] == layer.channels &&
                            g.node(layer.node).attributes.i("transB", 0) == 0;
  std::vector<float> most(m, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    float& c = most[outputs_last ? i % m : i / (values.size() / m)];
    c = std::max(c, std::fabs(values[i]));
  }
  const auto [least, largest] = std::minmax_element(most.begin(), most.end());
  return *least < std::ldexp(*largest, -20);
}

}  // namespace

std::string cause_of(const Graph& g, const DenseLayer& layer, const Statistics& seen,
                     const Ranges& ranges, const GridSpec& grid) {
  const auto stats = seen.find(layer.input);
  const auto range = ranges.find(layer.input);
  if (stats != seen.end() && range != ranges.end() && !stats->second.histogram.empty()) {
    const TensorStats& s = stats->second;
    const Range& r = range->second;
    const double step = (double{r.high} - r.low) / (grid.highest() - grid.lowest());
    if (joins_unlike_parts(g, layer.input, seen)) return "concat range";
    if (has_outlier_channel(s)) return "outlier channel";
    if (s.min < 0 && s.min > -0.5f && s.max > 1 && -s.min < 16 * step) return "hard-swish tail";
    if (share_beyond(s.histogram, r) > 0.005) return "saturation";
    if (expected_error(s, r, grid) > 2 * step * step / 12) return "clip";
  }
  return has_dead_channel(g, layer) ? "dead channel" : "";
}

}  // namespace hone::quant
