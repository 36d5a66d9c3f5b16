#include "ship/tune/network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace hone::ship {

using graph::Graph;
using graph::NodeId;
using graph::ValueId;

namespace {

constexpr size_t no_layer = SIZE_MAX;

class Maker {
 public:
  Maker(const Graph& g, const std::vector<NodeId>& nodes, const EngineTimes& f32,
        const std::vector<PrecisionTimes>& others)
      : g_(g), candidates_(nodes.begin(), nodes.end()), f32_(f32), others_(others) {
    for (const NodeId n : g.all_nodes()) {
      together_[n] = n;
      by_name_[g.node(n).name] = n;
      for (const std::string& name : g.node(n).origin) by_name_.emplace(name, n);
    }
  }

  Network make() {
    for (const LayerStep& s : f32_.steps) join(s);
    for (const PrecisionTimes& p : others_) {
      for (const LayerStep& s : p.times.steps) join(s);
    }
    make_layers();
    add_times();
    out_.convert_ns = conversion_ns();
    add_borders();
    return std::move(out_);
  }

 private:
  std::vector<NodeId> nodes_of(const LayerStep& s) const {
    std::vector<NodeId> found;
    for (const std::string& name : s.nodes) {
      if (const auto n = by_name_.find(name); n != by_name_.end()) found.push_back(n->second);
    }
    return found;
  }

  NodeId root(NodeId n) const {
    while (together_.at(n) != n) n = together_.at(n);
    return n;
  }

  void join(const LayerStep& s) {
    const std::vector<NodeId> nodes = nodes_of(s);
    for (const NodeId n : nodes) together_[root(n)] = root(nodes[0]);
  }

  void make_layers() {
    for (const NodeId n : g_.block().nodes) {
      if (!candidates_.contains(n)) continue;
      const auto [at, fresh] = layer_.emplace(root(n), out_.layers.size());
      if (fresh) {
        out_.layers.push_back({g_.node(n).name, {{"f32", 0, 0}}});
        for (const PrecisionTimes& p : others_) {
          out_.layers.back().options.push_back({p.precision, 0, 0});
        }
        out_.nodes.emplace_back();
      }
      out_.nodes[at->second].push_back(g_.node(n).name);
    }
  }

  size_t layer(NodeId n) const {
    if (n == graph::none) return no_layer;
    const auto found = layer_.find(root(n));
    return found == layer_.end() ? no_layer : found->second;
  }

  void add_times() {
    const double in_layers = add_times(f32_, 0);
    for (size_t i = 0; i < others_.size(); ++i) add_times(others_[i].times, i + 1);
    out_.other_us = std::max(f32_.whole_us - in_layers, 0.0);
    out_.f32_pm = f32_.whole_pm;
  }

  // Timers between steps cost: where steps sum to more than a run takes, all are that much shorter.
  static double without_timers(const EngineTimes& times) {
    double sum = 0;
    for (const LayerStep& s : times.steps) sum += s.us;
    return times.whole_us > 0 && sum > times.whole_us ? times.whole_us / sum : 1;
  }

  // The sum of what went to layers.
  double add_times(const EngineTimes& times, size_t option) {
    double sum = 0;
    const double scale = without_timers(times);
    for (const LayerStep& s : times.steps) {
      const std::vector<NodeId> nodes = nodes_of(s);
      const size_t l = nodes.empty() ? no_layer : layer(nodes[0]);
      if (l == no_layer) continue;
      LayerOption& o = out_.layers[l].options[option];
      o.us += scale * s.us;
      o.us_pm = std::hypot(o.us_pm, scale * s.us_pm);
      sum += scale * s.us;
    }
    return sum;
  }

  std::vector<std::pair<const LayerStep*, double>> other_steps() const {
    std::vector<std::pair<const LayerStep*, double>> steps;
    for (const PrecisionTimes& p : others_) {
      const double scale = without_timers(p.times);
      for (const LayerStep& s : p.times.steps) steps.emplace_back(&s, scale);
    }
    return steps;
  }

  // Steps of nothing but QuantizeLinear or DequantizeLinear, which are named after their values.
  double conversion_ns() const {
    std::map<std::string, ValueId> values;
    for (ValueId v = 0; v < g_.value_count(); ++v) values[g_.value(v).name] = v;
    double us = 0, all = 0;
    for (const auto& [at, scale] : other_steps()) {
      const LayerStep& s = *at;
      if (s.op != "QuantizeLinear" && s.op != "DequantizeLinear") continue;
      const std::string& node = s.nodes.empty() ? s.op : s.nodes[0];
      const auto v = values.find(node.substr(0, node.rfind('_')));
      if (v == values.end() || g_.value(v->second).is_constant()) continue;
      us += scale * s.us;
      all += elements(g_, v->second);
    }
    return all > 0 ? 1e3 * us / all : 1;
  }

  // A value is converted once for all its readers: the first of a layer other than its maker's
  // pays.
  void add_borders() {
    std::set<ValueId> paid;
    for (const NodeId n : g_.block().nodes) {
      const size_t to = layer(n);
      for (const ValueId v : g_.node(n).inputs) {
        if (v == graph::none || g_.value(v).is_constant()) continue;
        if (g_.value(v).fact.dtype != DType::f32) continue;
        const size_t from = layer(g_.value(v).producer);
        if (from == to || !paid.insert(v).second) continue;
        const double us = 1e-3 * out_.convert_ns * elements(g_, v);
        if (from != no_layer && to != no_layer) {
          out_.borders.push_back({from, to, us});
        } else {
          auto& options = out_.layers[from == no_layer ? to : from].options;
          for (size_t o = 1; o < options.size(); ++o) options[o].us += us;
        }
      }
    }
  }

  const Graph& g_;
  std::set<NodeId> candidates_;
  const EngineTimes& f32_;
  const std::vector<PrecisionTimes>& others_;
  std::map<std::string, NodeId> by_name_;
  std::map<NodeId, NodeId> together_;  // towards the node that stands for all of a layer
  std::map<NodeId, size_t> layer_;     // by that node
  Network out_;
};

}  // namespace

double elements(const Graph& g, ValueId v) {
  double n = 1;
  if (!g.value(v).fact.shape) return n;
  for (const graph::Dim& d : *g.value(v).fact.shape) {
    if (d.is_const()) n *= static_cast<double>(d.value());
  }
  return n;
}

Network make_network(const Graph& g, const std::vector<NodeId>& nodes, const EngineTimes& f32,
                     const std::vector<PrecisionTimes>& others) {
  return Maker(g, nodes, f32, others).make();
}

}  // namespace hone::ship
