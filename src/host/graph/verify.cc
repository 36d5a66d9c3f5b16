#include <algorithm>
#include <set>

#include "host/graph/domains.h"
#include "host/graph/graph.h"
#include "host/graph/title.h"

namespace hone::graph {
namespace {

std::string label(const Graph& g, NodeId n) { return title(g, g.node(n)); }
std::string value_label(const Graph& g, ValueId v) { return "value '" + g.value(v).name + "'"; }

class Verifier {
 public:
  explicit Verifier(const Graph& g)
      : g_(g),
        defined_(static_cast<size_t>(g.value_count()), false),
        visited_(static_cast<size_t>(g.node_count()), false),
        block_seen_(static_cast<size_t>(g.block_count()), false),
        users_(static_cast<size_t>(g.value_count())),
        output_uses_(static_cast<size_t>(g.value_count()), 0) {}

  Status structure() {
    HONE_RETURN_IF_ERROR(names_and_constants());
    HONE_RETURN_IF_ERROR(check_block(0));
    if (g_.output_names.size() != g_.block(0).outputs.size()) {
      return internal("graph has " + std::to_string(g_.block(0).outputs.size()) + " outputs and " +
                      std::to_string(g_.output_names.size()) + " names for them");
    }
    for (NodeId n = 0; n < g_.node_count(); ++n) {
      const bool placed = visited_[static_cast<size_t>(n)];
      if (g_.node(n).alive && !placed) return internal(label(g_, n) + " stands in no block");
      if (!g_.node(n).alive && placed) return internal(label(g_, n) + " was removed but stands");
    }
    return use_lists();
  }

  Status facts() const {
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      const Value& x = g_.value(v);
      if (!g_.is_live(v)) continue;
      if (x.fact.dtype == DType::none && x.fact.kind == Fact::Kind::tensor) {
        // What never runs is never inferred.
        if (!is_poisoned(x.block) && !is_behind_guest(x))
          return internal(value_label(g_, v) + " has no type");
      }
      if (x.fact.content) HONE_RETURN_IF_ERROR(check_content(v));
    }
    return {};
  }

 private:
  bool valid(ValueId v) const { return v >= 0 && v < g_.value_count(); }
  // Made by an operator of a foreign domain, or from a value that has no type either.
  bool is_behind_guest(const Value& x) const {
    const NodeId maker = x.producer != none ? x.producer : g_.block(x.block).owner;
    if (maker == none) return false;
    const Node& node = g_.node(maker);
    return is_foreign_domain(node.domain) ||
           std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId v) { return v != none && g_.fact(v).dtype == DType::none; });
  }
  bool is_poisoned(BlockId b) const {
    while (true) {
      if (!g_.block(b).poisoned.empty()) return true;
      const NodeId owner = g_.block(b).owner;
      if (owner == none) return false;
      b = g_.node(owner).block;
    }
  }

  Status names_and_constants() {
    std::set<std::string_view> names;
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      const Value& x = g_.value(v);
      if (x.is_constant()) {
        const auto& dims = x.constant.dims();
        const bool same = x.fact.dtype == x.constant.dtype() && x.fact.shape &&
                          *x.fact.shape == SymShape(dims.begin(), dims.end());
        if (!same) return internal("constant '" + x.name + "' is not what its fact says");
        if (x.producer != none) return internal("constant '" + x.name + "' has a producer");
        defined_[static_cast<size_t>(v)] = true;
      }
      if (!g_.is_live(v)) continue;
      if (x.name.empty()) return internal("value " + std::to_string(v) + " has no name");
      if (!names.insert(x.name).second || g_.find_value(x.name) != v) {
        return internal("two values are named '" + x.name + "'");
      }
    }
    return {};
  }

  Status check_block(BlockId b) {
    if (b < 0 || b >= g_.block_count()) return internal("a block that does not exist");
    if (block_seen_[static_cast<size_t>(b)]) return internal("a block stands in two nodes");
    block_seen_[static_cast<size_t>(b)] = true;
    const Block& block = g_.block(b);
    std::vector<ValueId> local = block.inputs;
    for (ValueId v : block.inputs) {
      if (!valid(v) || g_.value(v).producer != none || g_.value(v).block != b ||
          defined_[static_cast<size_t>(v)]) {
        return internal("bad input of block '" + block.name + "'");
      }
      defined_[static_cast<size_t>(v)] = true;
    }
    for (NodeId n : block.nodes) HONE_RETURN_IF_ERROR(check_node(n, b, &local));
    for (ValueId v : block.outputs) {
      if (!valid(v)) return internal("block '" + block.name + "' has an output that is no value");
      if (!defined_[static_cast<size_t>(v)]) {
        return internal(value_label(g_, v) + " is an output of block '" + block.name +
                        "' but not defined there");
      }
      ++output_uses_[static_cast<size_t>(v)];
    }
    // What a block defines is not seen outside of it.
    if (b != 0) {
      for (ValueId v : local) defined_[static_cast<size_t>(v)] = false;
    }
    return {};
  }

  Status check_node(NodeId n, BlockId b, std::vector<ValueId>* local) {
    if (n < 0 || n >= g_.node_count()) return internal("a node that does not exist");
    if (visited_[static_cast<size_t>(n)]) return internal(label(g_, n) + " stands twice");
    visited_[static_cast<size_t>(n)] = true;
    const Node& node = g_.node(n);
    if (!node.alive || node.block != b) return internal(label(g_, n) + " is not of this block");
    for (ValueId v : node.inputs) {
      if (v == none) continue;
      if (!valid(v)) return internal(label(g_, n) + " reads a value that does not exist");
      if (!defined_[static_cast<size_t>(v)]) {
        return internal(label(g_, n) + " reads " + value_label(g_, v) + " before it is defined");
      }
      auto& readers = users_[static_cast<size_t>(v)];
      if (readers.empty() || readers.back() != n) readers.push_back(n);
    }
    for (BlockId inner : node.blocks) {
      if (inner <= 0 || inner >= g_.block_count() || g_.block(inner).owner != n) {
        return internal(label(g_, n) + " has a block that is not its own");
      }
      HONE_RETURN_IF_ERROR(check_block(inner));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId v = node.outputs[i];
      if (v == none) continue;
      if (!valid(v) || g_.value(v).producer != n || g_.value(v).block != b ||
          static_cast<size_t>(g_.value(v).output_index) != i || defined_[static_cast<size_t>(v)]) {
        return internal(label(g_, n) + ": bad output " + std::to_string(i));
      }
      defined_[static_cast<size_t>(v)] = true;
      local->push_back(v);
    }
    return {};
  }

  Status use_lists() {
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      auto said = g_.users(v), seen = users_[static_cast<size_t>(v)];
      std::sort(said.begin(), said.end());
      std::sort(seen.begin(), seen.end());
      if (said != seen || g_.is_block_output(v) != (output_uses_[static_cast<size_t>(v)] > 0)) {
        return internal("the list of readers of " + value_label(g_, v) + " is wrong");
      }
    }
    return {};
  }

  Status check_content(ValueId v) const {
    const Fact& f = g_.fact(v);
    const auto bad = [&] {
      return internal(value_label(g_, v) + ": content does not fit its shape");
    };
    if (!f.shape || f.shape->size() > 1 || f.content->size() > max_content) return bad();
    const Dim count = product(*f.shape, 0, f.shape->size());
    if (count.is_const() && count.value() != static_cast<int64_t>(f.content->size())) return bad();
    return {};
  }

  const Graph& g_;
  std::vector<bool> defined_, visited_, block_seen_;
  std::vector<std::vector<NodeId>> users_;
  std::vector<int32_t> output_uses_;
};

}  // namespace

Status verify_structure(const Graph& graph) { return Verifier(graph).structure(); }

Status verify(const Graph& graph) {
  HONE_RETURN_IF_ERROR(verify_structure(graph));
  return Verifier(graph).facts();
}

}  // namespace hone::graph
