// sink_reshapes: what computes element by element between a Reshape and the Reshapes back does so
// in the first shape, and all of the Reshapes are gone. Exporters write them around each product of
// matrices (addmm takes two dimensions), and an activation in between is then no epilogue.

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

constexpr size_t max_region = 24;  // nodes; a GELU by its polynomial has eight

constexpr std::array<std::string_view, 34> by_element = {
    "Abs",       "Add",       "Cast",     "Ceil",       "Celu",  "Clip",  "Cos",
    "Div",       "Elu",       "Erf",      "Exp",        "Floor", "Gelu",  "HardSigmoid",
    "HardSwish", "LeakyRelu", "Log",      "Max",        "Min",   "Mish",  "Mul",
    "Neg",       "Not",       "Pow",      "Reciprocal", "Relu",  "Round", "Selu",
    "Sigmoid",   "Sin",       "Softplus", "Sqrt",       "Sub",   "Tanh"};

class Region {
 public:
  Region(const Graph& g, NodeId seed) : g_(g), seed_(seed), from_(g.node(seed).input(0)) {
    const ValueId shaped = g.node(seed).output(0);
    whole_ = g.fact(from_).has_rank() && g.fact(shaped).has_rank() && follow(shaped);
    for (size_t i = 0; whole_ && i < nodes_.size(); ++i) {
      whole_ = follow(g.node(nodes_[i]).output(0));
    }
    whole_ = whole_ && !nodes_.empty() && !exits_.empty() &&
             std::all_of(nodes_.begin(), nodes_.end(), [&](NodeId n) { return closed(n); });
  }

  bool whole() const { return whole_; }

  Patch patch() {
    Patch p(g_, seed_);
    std::map<ValueId, ValueId> now = {{g_.node(seed_).output(0), from_}};
    for (NodeId id : g_.block(g_.node(seed_).block).nodes) {
      if (!contains(id)) continue;
      Node n = g_.node(id);
      n.origin.clear();
      for (ValueId& v : n.inputs) v = now.contains(v) ? now[v] : v;
      now[g_.node(id).output(0)] = p.add(std::move(n), {id});
      p.remove(id);
    }
    for (NodeId id : exits_) {
      p.replace(g_.node(id).output(0), now.at(g_.node(id).input(0)));
      p.remove(id);
    }
    p.remove(seed_);
    return p;
  }

 private:
  bool contains(NodeId id) const {
    return std::find(nodes_.begin(), nodes_.end(), id) != nodes_.end();
  }

  // Takes in what reads `v`; false where something needs it in this shape.
  bool follow(ValueId v) {
    if (g_.is_block_output(v)) return false;
    for (NodeId id : g_.users(v)) {
      const Node& n = g_.node(id);
      if (n.block != g_.node(seed_).block) return false;
      if (reshapes(n) && n.input(0) == v && same_shape(g_, n.output(0), from_)) {
        if (std::find(exits_.begin(), exits_.end(), id) == exits_.end()) exits_.push_back(id);
        continue;
      }
      const bool fits = n.domain.empty() && n.outputs.size() == 1 &&
                        std::find(by_element.begin(), by_element.end(), n.op) != by_element.end() &&
                        same_shape(g_, n.output(0), v);
      if (!fits) return false;
      if (contains(id)) continue;
      if (nodes_.size() == max_region) return false;
      nodes_.push_back(id);
    }
    return true;
  }

  // Its operands are of the region, or one number, which broadcasts to either shape.
  bool closed(NodeId id) const {
    const Node& n = g_.node(id);
    return std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) {
      if (v == graph::none || v == g_.node(seed_).output(0)) return true;
      if (const Tensor* t = g_.constant(v)) return t->count() == 1 && t->rank() <= rank();
      return g_.value(v).producer != graph::none && contains(g_.value(v).producer);
    });
  }
  int rank() const { return g_.fact(from_).rank(); }

  const Graph& g_;
  NodeId seed_;
  ValueId from_;
  std::vector<NodeId> nodes_, exits_;
  bool whole_ = false;
};

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!reshapes(n) || n.input(0) == graph::none) return std::nullopt;
  Region region(g, id);
  if (!region.whole()) return std::nullopt;
  Patch p = region.patch();
  p.set_why(label(n) + " and back");
  return p;
}

}  // namespace

extern const Pass sink_reshapes;
const Pass sink_reshapes{
    "sink_reshapes", "compute element by element in the shape from before a Reshape and back",
    Stage::standard, true,
    propose,         nullptr};

}  // namespace hone::passes
