#include "host/quant/equalise.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "host/graph/patch.h"
#include "host/ops/op_def.h"

namespace hone::quant {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

namespace {

constexpr int rounds = 10;  // after AIMET and PPQ: by then scales move by less than a percent

struct Pair {
  NodeId first, second;
};

const Tensor* f32_constant(const Graph& g, ValueId v) {
  const Tensor* t = v == graph::none ? nullptr : g.constant(v);
  return t != nullptr && t->dtype() == DType::f32 ? t : nullptr;
}

bool is_conv(const Graph& g, const Node& n) {
  const Tensor* w = n.is("Conv") ? f32_constant(g, n.input(1)) : nullptr;
  if (w == nullptr || w->rank() < 3) return false;
  return n.input(2) == graph::none || f32_constant(g, n.input(2)) != nullptr;
}

// f(s x) = s f(x) for s > 0, channel by channel.
bool is_homogeneous(const Graph& g, const Node& n) {
  if (n.is("Relu") || n.is("LeakyRelu")) return true;
  return n.is("PRelu") && f32_constant(g, n.input(1)) != nullptr;
}

bool is_depthwise(const Graph& g, const Node& n) {
  return n.attributes.i("group", 1) > 1 && g.constant(n.input(1))->dims()[1] == 1;
}

std::vector<Pair> find_pairs(const Graph& g) {
  std::vector<Pair> pairs;
  for (NodeId id : g.block().nodes) {
    if (!is_conv(g, g.node(id))) continue;
    ValueId v = g.node(id).output(0);
    while (g.single_use(v)) {
      const NodeId user = g.users(v)[0];
      const Node& n = g.node(user);
      if (n.block != 0 || n.input(0) != v) break;
      if (is_homogeneous(g, n)) {
        v = n.output(0);
        continue;
      }
      const bool fits = is_conv(g, n) && (n.attributes.i("group", 1) == 1 || is_depthwise(g, n));
      if (fits) pairs.push_back({id, user});
      break;
    }
  }
  return pairs;
}

// Weights and biases being scaled.
struct Work {
  Tensor weights, bias;
  int64_t groups = 1;
  int64_t outputs() const { return weights.dims()[0]; }
  int64_t per_output() const { return weights.count() / outputs(); }
  int64_t taps() const { return per_output() / weights.dims()[1]; }

  // The input channel that weight i multiplies.
  int64_t input_channel(int64_t i) const {
    const int64_t m = i / per_output();
    return m / (outputs() / groups) * weights.dims()[1] + i % per_output() / taps();
  }
  int64_t inputs() const { return weights.dims()[1] * groups; }

  std::vector<double> output_ranges() const {
    std::vector<double> r(static_cast<size_t>(outputs()), 0);
    const auto w = weights.as<float>();
    for (size_t i = 0; i < w.size(); ++i) {
      double& c = r[i / static_cast<size_t>(per_output())];
      c = std::max(c, std::fabs(double{w[i]}));
    }
    return r;
  }
  std::vector<double> input_ranges() const {
    std::vector<double> r(static_cast<size_t>(inputs()), 0);
    const auto w = weights.as<float>();
    for (size_t i = 0; i < w.size(); ++i) {
      double& c = r[static_cast<size_t>(input_channel(static_cast<int64_t>(i)))];
      c = std::max(c, std::fabs(double{w[i]}));
    }
    return r;
  }
};

void scale_pair(Work* a, Work* b) {
  const std::vector<double> r1 = a->output_ranges(), r2 = b->input_ranges();
  std::vector<float> s(r1.size(), 1);
  for (size_t c = 0; c < s.size(); ++c) {
    // A dead channel has no range to even out.
    if (r1[c] > 0 && r2[c] > 0) {
      s[c] = static_cast<float>(std::clamp(std::sqrt(r1[c] / r2[c]), 0.1, 10.0));
    }
  }
  auto wa = a->weights.as_mutable<float>();
  const auto n = static_cast<size_t>(a->per_output());
  for (size_t i = 0; i < wa.size(); ++i) wa[i] /= s[i / n];
  if (a->bias) {
    auto bias = a->bias.as_mutable<float>();
    for (size_t c = 0; c < bias.size(); ++c) bias[c] /= s[c];
  }
  auto wb = b->weights.as_mutable<float>();
  for (size_t i = 0; i < wb.size(); ++i) {
    wb[i] *= s[static_cast<size_t>(b->input_channel(static_cast<int64_t>(i)))];
  }
}

Work take(const Graph& g, const Node& n) {
  Work w;
  w.weights = *g.constant(n.input(1));
  if (n.input(2) != graph::none) w.bias = *g.constant(n.input(2));
  w.groups = n.attributes.i("group", 1);
  return w;
}

}  // namespace

Result<Equalised> equalise(const Graph& g) {
  const std::vector<Pair> pairs = find_pairs(g);
  Equalised out{g, static_cast<int>(pairs.size())};
  if (pairs.empty()) return out;
  std::map<NodeId, Work> work;
  for (const Pair& p : pairs) {
    for (NodeId n : {p.first, p.second}) work.try_emplace(n, take(g, g.node(n)));
  }
  for (int round = 0; round < rounds; ++round) {
    for (const Pair& p : pairs) scale_pair(&work.at(p.first), &work.at(p.second));
  }
  graph::Patch patch(g, pairs[0].first);
  for (auto& [n, w] : work) {
    patch.set_input(n, 1, patch.constant(std::move(w.weights), g.node(n).name + ".weight"));
    if (w.bias) patch.set_input(n, 2, patch.constant(std::move(w.bias), g.node(n).name + ".bias"));
  }
  patch.set_why("equalisation");
  HONE_RETURN_IF_ERROR(patch.apply(out.graph, ops::infer_node));
  return out;
}

}  // namespace hone::quant
