#include "host/engine/narrow_floats.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "host/engine/narrow_nodes.h"
#include "host/engine/retype.h"
#include "host/ops/op_def.h"

namespace hone::engine {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;
using graph::ValueId;

class Narrower {
 public:
  Narrower(const Graph& g, DType type) : g_(g), type_(type), patch_(g, g.block().nodes.front()) {}

  Status apply(Graph* graph) {
    classify();
    settle();
    for (NodeId id : g_.block().nodes) {
      patch_.insert_before(id);
      const Node& n = g_.node(id);
      if (products_.contains(id)) {
        rebuild_product(id);
      } else if (is_narrow(n.output(0))) {
        rebuild(id);
      } else if (becomes_nothing(n)) {
        patch_.remove(id);
        replaced_[n.output(0)] = now_.at(n.input(0));
        patch_.replace(n.output(0), now_.at(n.input(0)));
      }
    }
    if (patch_.empty()) return {};
    return patch_.apply(*graph, [](Graph& g, NodeId n) { return ops::infer_node(g, n); });
  }

 private:
  bool is_narrow(ValueId v) const { return narrow_.contains(v); }
  bool is_float(ValueId v) const { return v != graph::none && g_.fact(v).dtype == DType::f32; }

  void classify() {
    for (NodeId id : g_.block().nodes) {
      const Node& n = g_.node(id);
      if (is_half_product(g_, n, type_)) {
        products_.insert(id);
      } else if (takes_halves(g_, n)) {
        flexible_.insert(id);
      } else {
        continue;
      }
      for (ValueId v : n.outputs) {
        if (is_float(v) && !g_.is_block_output(v)) narrow_.insert(v);
      }
    }
  }

  // A model's own Cast to the type, of what has it already.
  bool becomes_nothing(const Node& n) const {
    return n.is("Cast") && n.attributes.i("to", 0) == static_cast<int64_t>(type_) &&
           is_narrow(n.input(0)) && n.block == 0;
  }

  bool accepts(NodeId user, ValueId v) const {
    const Node& n = g_.node(user);
    if (products_.contains(user)) {
      for (size_t i = 1; i < n.inputs.size(); ++i) {
        if (n.inputs[i] == v && (i != 3 || !is_narrow(n.output(0)))) return false;
      }
      return true;
    }
    return becomes_nothing(n) || is_narrow(n.output(0));
  }

  // A node without weights has all its floats in 16 bits, or none.
  bool narrows_whole(const Node& n) const {
    for (ValueId v : n.inputs) {
      if (is_float(v) && g_.constant(v) == nullptr && !is_narrow(v)) return false;
    }
    return std::all_of(n.outputs.begin(), n.outputs.end(),
                       [&](ValueId v) { return !is_float(v) || is_narrow(v); });
  }

  bool may_stay(ValueId v) const {
    const NodeId producer = g_.value(v).producer;
    if (flexible_.contains(producer) && !narrows_whole(g_.node(producer))) return false;
    const auto users = g_.users(v);
    return std::all_of(users.begin(), users.end(), [&](NodeId u) { return accepts(u, v); });
  }

  // Takes out values until all that are left may stay.
  void settle() {
    for (bool changed = true; changed;) {
      changed = std::erase_if(narrow_, [&](ValueId v) { return !may_stay(v); }) > 0;
    }
  }

  // `v` in 16 bits: what was made of it so far, else a Cast. A Cast from the type is taken back.
  ValueId half(ValueId v, NodeId reader) {
    if (const auto at = now_.find(v); at != now_.end()) return at->second;
    const Node* from = g_.producer_of(v);
    if (from != nullptr && from->is("Cast") && g_.fact(from->input(0)).dtype == type_) {
      return now_[v] = current(from->input(0));
    }
    if (const Tensor* t = g_.constant(v)) {
      return now_[v] = patch_.constant(with_type(*t, type_), g_.value(v).name);
    }
    now_[v] = add_cast(&patch_, current(v), type_, reader);
    // What is still to be brought channels last is brought so in f32: there copies are fast.
    const bool picture = products_.contains(reader) && is_convolution(g_.node(reader));
    patch_.set_layout(now_[v], picture ? graph::Layout::channels_last : g_.value(v).layout);
    return now_[v];
  }

  // `with` is what output `out` is now.
  void made(ValueId out, ValueId with) {
    if (out == graph::none) return;
    patch_.set_layout(with, g_.value(out).layout);
    if (is_narrow(out)) {
      now_[out] = with;
    } else {
      replaced_[out] = with;
      patch_.replace(out, with);
    }
  }

  // A node of the patch reads what the patch puts in a value's place.
  ValueId current(ValueId v) const {
    const auto at = replaced_.find(v);
    return at == replaced_.end() ? v : at->second;
  }

  void rebuild_product(NodeId id) {
    const Node& n = g_.node(id);
    HalfProduct p = half_product(g_, n, type_);
    const bool cast = !is_narrow(n.output(0)) && is_depthwise(g_, n);
    const bool narrow = is_narrow(n.output(0)) || cast;
    if (!narrow) p.node.attributes.set("to", static_cast<int64_t>(DType::f32));
    ValueId bias = n.input(2), residual = n.input(3);
    if (p.bias) {
      bias = patch_.constant(std::move(p.bias), g_.value(bias).name);
    } else if (bias != graph::none) {
      bias = current(bias);
    }
    if (residual != graph::none) residual = narrow ? half(residual, id) : current(residual);
    p.node.inputs = {half(n.input(0), id),
                     patch_.constant(std::move(p.weights), g_.value(n.input(1)).name)};
    if (bias != graph::none || residual != graph::none) p.node.inputs.push_back(bias);
    if (residual != graph::none) p.node.inputs.push_back(residual);
    patch_.remove(id);
    ValueId y = patch_.add(std::move(p.node), {id});
    if (cast) {
      patch_.set_layout(y, g_.value(n.output(0)).layout);
      y = add_cast(&patch_, y, DType::f32, id);
    }
    made(n.output(0), y);
  }

  void rebuild(NodeId id) {
    const Node& n = g_.node(id);
    patch_.remove(id);
    Node copy = n;
    copy.origin.clear();
    for (ValueId& v : copy.inputs) {
      v = is_float(v) ? half(v, id) : current(v);
    }
    const auto outputs = patch_.add_multi(std::move(copy), n.outputs.size(), {id});
    for (size_t i = 0; i < outputs.size(); ++i) made(n.outputs[i], outputs[i]);
  }

  const Graph& g_;
  DType type_;
  Patch patch_;
  std::set<NodeId> products_, flexible_;
  std::set<ValueId> narrow_;             // values that will be of 16 bits
  std::map<ValueId, ValueId> now_;       // what stands for a value in 16 bits
  std::map<ValueId, ValueId> replaced_;  // what replaces a value
};

// Casts whose readers take what they were made of.
Status remove_unread_casts(Graph* graph) {
  Patch patch(*graph, graph->block().nodes.front());
  for (NodeId id : graph->block().nodes) {
    const Node& n = graph->node(id);
    const ValueId y = n.output(0);
    if (n.is("Cast") && graph->users(y).empty() && !graph->is_block_output(y)) patch.remove(id);
  }
  if (patch.empty()) return {};
  return patch.apply(*graph, [](Graph& g, NodeId n) { return ops::infer_node(g, n); });
}

}  // namespace

Status narrow_floats(Graph* graph, DType type) {
  if (graph->block().nodes.empty()) return {};
  HONE_RETURN_IF_ERROR(Narrower(*graph, type).apply(graph));
  return remove_unread_casts(graph);
}

}  // namespace hone::engine
