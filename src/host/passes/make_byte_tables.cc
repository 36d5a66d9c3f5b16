// make_byte_tables: what is computed of one quantised value, element by element, up to its
// quantisation is a function of a byte. Its 256 results come from the references.

#include <algorithm>
#include <map>
#include <set>

#include "host/ops/evaluate.h"
#include "host/passes/quantised.h"

namespace hone::passes {

namespace {

constexpr size_t most_nodes = 32;

// Computed element by element, or between bytes and the floats they stand for.
bool works_on_elements(const Node& n) {
  return is_elementwise(n) || is_quantize(n) || is_dequantize(n);
}

bool is_table(const Node* n) { return n != nullptr && n->is("ByteTable", graph::hone_domain); }

Tensor all_bytes(DType t) {
  Tensor x(t, {256});
  for (int64_t i = 0; i < 256; ++i) {
    x.set(i, static_cast<double>(t == DType::i8 && i > 127 ? i - 256 : i));
  }
  return x;
}

// Everything between some bytes and the QuantizeLinear `last`.
class Cone {
 public:
  Cone(const Graph& g, NodeId last) : g_(g), last_(last) {}

  std::optional<Patch> propose() {
    if (!reach(last_) || !find_root() || !is_closed()) return std::nullopt;
    auto table = compute();
    if (!table || table->count() != 256) return std::nullopt;
    return patch(std::move(*table));
  }

 private:
  // The node and all it is computed from, down to the bytes.
  bool reach(NodeId id) {
    if (inside_.contains(id)) return true;
    const Node& n = g_.node(id);
    if (inside_.size() >= most_nodes || n.block != g_.node(last_).block) return false;
    if (!works_on_elements(n) || n.outputs.size() != 1) return false;
    const bool converts = is_quantize(n) || is_dequantize(n);
    if (converts && !scale_of(g_, &n)) return false;
    inside_.insert(id);
    for (size_t i = 0; i < n.inputs.size(); ++i) {
      if (n.inputs[i] == graph::none) continue;
      if (const Tensor* t = g_.constant(n.inputs[i])) {
        if (t->count() != 1) return false;
        continue;
      }
      if (is_dequantize(n) && !is_byte(g_, n.inputs[i])) return false;
      if (is_dequantize(n)) {
        leaves_.insert(n.inputs[i]);
      } else if (g_.producer_of(n.inputs[i]) == nullptr || !reach(g_.value(n.inputs[i]).producer)) {
        return false;
      }
    }
    return true;
  }

  // The bytes of which all leaves are tables.
  bool find_root() {
    for (ValueId leaf : leaves_) {
      while (is_table(g_.producer_of(leaf))) leaf = g_.producer_of(leaf)->input(0);
      if (root_ != graph::none && leaf != root_) return false;
      root_ = leaf;
    }
    return root_ != graph::none && is_byte(g_, root_) &&
           same_shape(g_, root_, g_.node(last_).output(0));
  }

  // Nothing outside reads what is computed inside, but for dequantised values.
  bool is_closed() const {
    return std::all_of(inside_.begin(), inside_.end(), [&](NodeId id) {
      if (id == last_ || is_dequantize(g_.node(id))) return true;
      const ValueId y = g_.node(id).output(0);
      const auto users = g_.users(y);
      return !g_.is_block_output(y) && std::all_of(users.begin(), users.end(), [&](NodeId user) {
        return inside_.contains(user);
      });
    });
  }

  std::optional<Tensor> bytes_of(ValueId leaf) {
    if (leaf == root_) return all_bytes(g_.fact(root_).dtype);
    const Node& n = *g_.producer_of(leaf);
    const Tensor* table = g_.constant(n.input(1));
    const auto index = bytes_of(n.input(0));
    if (table == nullptr || !index) return std::nullopt;
    Tensor y(table->dtype(), {256});
    for (int64_t i = 0; i < 256; ++i) {
      y.set(i, table->at(static_cast<int64_t>(index->at(i)) & 255));
    }
    return y;
  }

  std::optional<Tensor> compute() {
    std::map<ValueId, Tensor> known;
    for (ValueId leaf : leaves_) {
      auto bytes = bytes_of(leaf);
      if (!bytes) return std::nullopt;
      known.emplace(leaf, std::move(*bytes));
    }
    for (NodeId id : g_.block(g_.node(last_).block).nodes) {
      if (!inside_.contains(id)) continue;
      const Node& n = g_.node(id);
      std::vector<Tensor> in;
      for (ValueId v : n.inputs) {
        const Tensor* t = v == graph::none ? nullptr : g_.constant(v);
        if (t != nullptr) {
          in.push_back(*t);
        } else {
          in.push_back(v == graph::none ? Tensor() : known.at(v));
        }
      }
      auto y = ops::evaluate_node(g_, n, in);
      if (!y.ok() || y->size() != 1) return std::nullopt;
      known[n.output(0)] = std::move((*y)[0]);
    }
    return known.at(g_.node(last_).output(0));
  }

  Patch patch(Tensor table) {
    Patch p(g_, last_);
    const Node& last = g_.node(last_);
    std::vector<NodeId> from;
    for (NodeId id : inside_) {
      if (id != last_ && !is_dequantize(g_.node(id))) from.push_back(id);
    }
    const bool only_scales = from.empty();
    from.push_back(last_);
    const bool same = identical(table.reshaped({256}), all_bytes(g_.fact(root_).dtype));
    if (same) {
      p.replace(last.output(0), root_);
    } else {
      Node n;
      n.domain = graph::hone_domain;
      n.op = "ByteTable";
      n.version = 1;
      n.name = g_.node(from.front()).name;
      n.inputs = {root_,
                  p.constant(table.reshaped({256}), label(g_.node(from.front())) + "_table")};
      p.replace(last.output(0), p.add(std::move(n), from));
    }
    for (NodeId id : inside_) {
      if (!is_dequantize(g_.node(id))) p.remove(id);
    }
    for (NodeId id : inside_) {
      if (is_dequantize(g_.node(id)) && read_inside(g_.node(id).output(0))) p.remove(id);
    }
    p.set_why(only_scales ? label(last) + (same ? " restores its bytes" : " on another scale")
                          : label(g_.node(from.front())) + " by table");
    return p;
  }

  bool read_inside(ValueId v) const {
    const auto users = g_.users(v);
    return !g_.is_block_output(v) &&
           std::all_of(users.begin(), users.end(), [&](NodeId n) { return inside_.contains(n); });
  }

  const Graph& g_;
  NodeId last_;
  std::set<NodeId> inside_;
  std::set<ValueId> leaves_;
  ValueId root_ = graph::none;
};

std::optional<Patch> propose(const Graph& g, NodeId id) {
  if (!quantises(g, g.node(id))) return std::nullopt;
  return Cone(g, id).propose();
}

}  // namespace

extern const Pass make_byte_tables;
const Pass make_byte_tables{"make_byte_tables",
                            "look up functions of one quantised value",
                            Stage::engine,
                            false,
                            propose,
                            nullptr,
                            false,
                            true};

}  // namespace hone::passes
