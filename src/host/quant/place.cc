// Which nodes compute on integers. Those with weights do; what stands between them does where all
// it reads comes from them and what it makes is read by them, so that nothing goes to float and
// back on the way. What ends in floats anyway (a decode, a softmax) is left as it is, with the
// result of the last convolution unrounded.
#include <fmt/format.h>

#include <algorithm>

#include "host/graph/title.h"
#include "host/quant/insert.h"
#include "host/quant/rules.h"

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

// How a value could be had as integers.
enum class Source : uint8_t {
  floats,
  // A model's input, and products that runtimes give as floats at no cost: worth moving as
  // integers, not worth rounding for anything else.
  loose,
  integers,
};

class Placer {
 public:
  Placer(const Graph& g, const Scheme& scheme)
      : g_(g),
        scheme_(scheme),
        roles_(count(g.node_count()), Role::none),
        candidate_(count(g.node_count()), false),
        source_(count(g.value_count()), Source::floats),
        root_(count(g.value_count()), graph::none) {
    placement_.on_integers.assign(count(g.node_count()), false);
  }

  Placement run() {
    for (const ValueId v : g_.block().inputs) source_[count(v)] = Source::loose;
    for (const NodeId n : g_.block().nodes) find_candidate(n);
    find_demanded();
    for (const NodeId n : g_.block().nodes) find_root(n);
    collect_values();
    for (const NodeId n : g_.all_nodes()) report(n);
    return std::move(placement_);
  }

 private:
  static size_t count(int32_t n) { return static_cast<size_t>(n); }
  Role role(NodeId n) const { return roles_[count(n)]; }
  bool on_integers(NodeId n) const { return placement_.on_integers[count(n)]; }
  std::vector<ValueId> read(NodeId n) const {
    std::vector<ValueId> values;
    for (const size_t i : operands(g_, g_.node(n), role(n))) {
      values.push_back(g_.node(n).inputs[i]);
    }
    return values;
  }

  // Relu or Clip right behind what it belongs to: nothing is rounded between them.
  bool is_fused(NodeId n) const {
    const Node& node = g_.node(n);
    if (!saturates(g_, node) || !g_.single_use(node.input(0))) return false;
    const NodeId before = g_.value(node.input(0)).producer;
    if (before == graph::none) return false;
    const Role r = role(before);
    return r == Role::dense || r == Role::join || r == Role::pool;
  }

  void find_candidate(NodeId id) {
    const Node& n = g_.node(id);
    if (!is_selected(scheme_, n) || scheme_.leave_float.contains(n.name)) return;
    roles_[count(id)] = role_of(g_, n);
    if (role(id) == Role::none) return;
    Source made = Source::integers;
    if (role(id) == Role::dense) {
      if (n.is("Gemm") || n.is("MatMul")) made = Source::loose;
    } else {
      for (const ValueId v : read(id)) made = std::min(made, source_[count(v)]);
      const bool takes_loose = role(id) == Role::move || is_fused(id);
      if (made == Source::floats || (made == Source::loose && !takes_loose)) return;
    }
    candidate_[count(id)] = true;
    for (const ValueId v : n.outputs) {
      if (v != graph::none) source_[count(v)] = made;
    }
  }

  void find_demanded() {
    std::vector<bool> demanded(count(g_.value_count()), false);
    const auto& nodes = g_.block().nodes;
    for (auto n = nodes.rbegin(); n != nodes.rend(); ++n) {
      if (!candidate_[count(*n)]) continue;
      const auto& made = g_.node(*n).outputs;
      const bool wanted = std::any_of(made.begin(), made.end(), [&](ValueId v) {
        return v != graph::none && demanded[count(v)];
      });
      if (role(*n) != Role::dense && !wanted) continue;
      placement_.on_integers[count(*n)] = true;
      for (const ValueId v : read(*n)) demanded[count(v)] = true;
    }
  }

  ValueId root(ValueId v) const { return root_[count(v)] == graph::none ? v : root_[count(v)]; }
  // Of a value computed element by element from one other, that other: x sigmoid(x) is a function
  // of x, whatever is between.
  void find_root(NodeId n) {
    if (!on_integers(n) || is_fused(n)) return;
    if (role(n) != Role::unary && role(n) != Role::join) return;
    ValueId common = graph::none;
    for (const ValueId v : read(n)) {
      if (common != graph::none && common != root(v)) return;
      common = root(v);
    }
    root_[count(g_.node(n).output(0))] = common;
  }
  // Inside such a function: it is a step of a table, not a tensor.
  bool is_inside(ValueId v) const {
    if (root(v) == v || g_.is_block_output(v)) return false;
    const std::vector<NodeId> users = g_.users(v);
    return std::all_of(users.begin(), users.end(), [&](NodeId n) {
      return g_.node(n).block == 0 && on_integers(n) && root(g_.node(n).output(0)) == root(v);
    });
  }

  void collect_values() {
    std::vector<bool> rounded(count(g_.value_count()), false);
    std::vector<bool> wide(count(g_.value_count()), false);
    for (const NodeId n : g_.block().nodes) {
      if (!on_integers(n) || (role(n) != Role::dense && is_fused(n))) continue;
      for (const ValueId v : read(n)) {
        if (is_inside(v)) continue;
        rounded[count(v)] = true;
        if (scheme_.wide.contains(g_.node(n).name)) wide[count(v)] = true;
      }
    }
    const auto add = [&](ValueId v) {
      if (v == graph::none || !rounded[count(v)]) return;
      placement_.values.push_back(v);
      if (wide[count(v)]) placement_.wide.push_back(v);
    };
    for (const ValueId v : g_.block().inputs) add(v);
    for (const NodeId n : g_.block().nodes) {
      for (const ValueId v : g_.node(n).outputs) add(v);
    }
    std::sort(placement_.wide.begin(), placement_.wide.end());
  }

  std::string why_float(NodeId id) const {
    const Node& n = g_.node(id);
    if (n.block != 0) {
      const NodeId owner = g_.block(n.block).owner;
      return fmt::format("it stands inside {}", title(g_, g_.node(owner)));
    }
    if (!is_selected(scheme_, n)) return "left out by --include or --exclude";
    if (scheme_.leave_float.contains(n.name)) return "left float for accuracy";
    const Tensor* w = g_.constant(n.input(1));
    if (w == nullptr) return "its weights are computed";
    if (w->dtype() != DType::f32) return fmt::format("its weights are {}", hone::name(w->dtype()));
    return "its operand is not a tensor of f32";
  }

  bool is_rounded(ValueId v) const {
    const auto& all = placement_.values;
    return std::find(all.begin(), all.end(), v) != all.end();
  }
  bool keeps_table(const Node& n) const {
    return n.block == 0 && reads_table(g_, n) && is_selected(scheme_, n) &&
           !scheme_.leave_float.contains(n.name) && !is_rounded(n.output(0));
  }

  void report(NodeId id) {
    constexpr std::string_view dense[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    const Node& n = g_.node(id);
    const bool is_dense =
        n.domain.empty() && std::find(std::begin(dense), std::end(dense), n.op) != std::end(dense);
    if (keeps_table(n)) {
      placement_.tables.push_back(id);
      placement_.layers.push_back({id, true, ""});
    } else if (on_integers(id)) {
      placement_.layers.push_back({id, true, ""});
    } else if (is_dense) {
      placement_.layers.push_back({id, false, why_float(id)});
    }
  }

  const Graph& g_;
  const Scheme& scheme_;
  std::vector<Role> roles_;
  std::vector<bool> candidate_;
  std::vector<Source> source_;
  std::vector<ValueId> root_;
  Placement placement_;
};

}  // namespace

Placement place(const Graph& graph, const Scheme& scheme) { return Placer(graph, scheme).run(); }

std::vector<ValueId> quantisation_points(const Graph& graph, const Scheme& scheme) {
  return place(graph, scheme).values;
}

int64_t opset_needed(const Scheme& scheme) {
  const bool wide = bits(scheme.activations) > 8 || !scheme.wide.empty();
  return wide || scheme.weights == Granularity::group ? 21 : 13;
}

}  // namespace hone::quant
