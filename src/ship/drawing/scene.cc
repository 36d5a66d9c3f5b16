#include "ship/drawing/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "ship/drawing/texts.h"

namespace hone::ship::drawing {

using graph::BlockId;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::none;
using graph::ValueId;

namespace {

constexpr size_t most_in_line = 34;
constexpr double bold = 1.08;  // times as wide as regular

// What a node reads, its blocks' readings of values around them included; each once, in order.
std::vector<ValueId> readings(const Graph& g, const Node& node) {
  std::vector<ValueId> all;
  std::set<ValueId> seen;
  std::vector<const Node*> todo = {&node};
  const auto add = [&](ValueId v) {
    if (v != none && !g.value(v).is_constant() && seen.insert(v).second) all.push_back(v);
  };
  while (!todo.empty()) {
    const Node& n = *todo.back();
    todo.pop_back();
    for (const ValueId v : n.inputs) add(v);
    for (const BlockId b : n.blocks) {
      for (const ValueId v : g.block(b).outputs) add(v);
      for (const NodeId inner : g.block(b).nodes) todo.push_back(&g.node(inner));
    }
  }
  if (!node.blocks.empty()) {
    // What its blocks define themselves is none of its readings.
    std::erase_if(all, [&](ValueId v) { return !g.is_inside(node.block, g.value(v).block); });
  }
  return all;
}

// Attributes that say at a glance which convolution, which transposition it is.
void add_attributes(const Node& node, Box* box) {
  for (const char* key :
       {"kernel_shape", "strides", "dilations", "group", "axis", "axes", "perm"}) {
    const graph::Attr* a = node.attributes.find(key);
    if (a == nullptr) continue;
    std::string text;
    if (const auto* all = std::get_if<std::vector<int64_t>>(a)) {
      const bool sizes = key != std::string("axes") && key != std::string("perm");
      const auto is_one = [](int64_t i) { return i == 1; };
      if (sizes && std::all_of(all->begin(), all->end(), is_one)) continue;
      for (const int64_t i : *all) {
        text += (text.empty() ? "" : sizes ? "×" : ", ") + std::to_string(i);
      }
    } else if (const auto* one = std::get_if<int64_t>(a)) {
      if (*one == 1 && key == std::string("group")) continue;
      text = std::to_string(*one);
    }
    if (text.empty()) continue;
    const std::string name = key == std::string("kernel_shape") ? "kernel" : key;
    box->lines.push_back(shortened(name + " " + text, most_in_line));
  }
}

// "W 64×3×7×7"; neighbours of one shape share a line: "scale, B, mean, var 64".
void add_constants(const Graph& g, const Node& node, Box* box) {
  std::string names, of_all;
  const auto flush = [&] {
    if (!names.empty()) box->lines.push_back(shortened(names + " " + of_all, most_in_line));
    names.clear();
  };
  for (size_t i = 0; i < node.inputs.size() && box->lines.size() < 8; ++i) {
    const Tensor* t = g.constant(node.inputs[i]);
    if (t == nullptr) continue;
    const bool few = t->is_plain() && t->rank() < 2 && t->count() <= 4;
    const std::string what = few ? "= " + first_values(*t, 4) : shape_text(t->dims());
    if (what != of_all || few) flush();
    names += (names.empty() ? "" : ", ") + operand_name(node, i);
    of_all = what;
  }
  flush();
}

double even(double v) { return 2 * std::ceil(v / 2); }

void set_size(Box* box) {
  double width = text_width(box->title) * title_size * bold + 24;
  for (const std::string& l : box->lines) width = std::max(width, text_width(l) * line_size + 22);
  width = std::max({width, text_width(box->label) * line_size + 12, 64.0});
  const double lines = static_cast<double>(box->lines.size());
  box->size.width = even(width);
  box->size.height = title_height + (box->lines.empty() ? 0 : lines * line_height + 11);
}

class Builder {
 public:
  Builder(const Graph& g, BlockId block) : g_(g) {
    sheet_.block = block;
    sheet_.title = "main graph";
  }

  Sheet build() {
    const graph::Block& block = g_.block(sheet_.block);
    if (block.owner != none) {
      const Node& owner = g_.node(block.owner);
      sheet_.title = shortened(block.name + " of " + owner.op + " " + owner.name, 60);
    }
    for (const ValueId v : block.inputs) add_source(Box::Kind::input, v);
    for (const NodeId n : block.nodes) {
      for (const ValueId v : readings(g_, g_.node(n))) outer(v);
    }
    for (const ValueId v : block.outputs) outer(v);
    for (const NodeId n : block.nodes) add_node(n);
    for (size_t i = 0; i < block.outputs.size(); ++i) add_output(block.outputs[i], i);
    std::vector<inspect::Size> sizes;
    for (Box& b : sheet_.boxes) sizes.push_back(b.size);
    sheet_.layout = inspect::lay_out(sizes, wires_);
    return std::move(sheet_);
  }

 private:
  int add(Box box) {
    set_size(&box);
    sheet_.boxes.push_back(std::move(box));
    return static_cast<int>(sheet_.boxes.size()) - 1;
  }

  void add_source(Box::Kind kind, ValueId v) {
    Box b;
    b.kind = kind;
    b.value = v;
    b.id = fmt::format("{}{}-{}", kind == Box::Kind::input ? 'i' : 'x', sheet_.block, v);
    b.title = shortened(g_.value(v).name, 28);
    b.label = shape_text(g_.fact(v));
    source_[v] = add(std::move(b));
  }

  void outer(ValueId v) {
    if (v == none || g_.value(v).is_constant() || g_.value(v).block == sheet_.block) return;
    if (!source_.contains(v)) add_source(Box::Kind::outer, v);
  }

  void add_node(NodeId id) {
    const Node& n = g_.node(id);
    Box b;
    b.node = id;
    b.id = fmt::format("n{}", id);
    b.title = shortened(n.op, 32);
    add_attributes(n, &b);
    add_constants(g_, n, &b);
    b.opens = n.blocks;
    for (const BlockId block : n.blocks) {
      b.lines.push_back(shortened(g_.block(block).name + " ▸", most_in_line));
    }
    ValueId only = none;
    for (const ValueId v : n.outputs) {
      if (v == none || (g_.users(v).empty() && !g_.is_block_output(v))) continue;
      only = only == none ? v : -2;
    }
    if (only >= 0) b.label = shape_text(g_.fact(only));
    const int to = add(std::move(b));
    for (const ValueId v : readings(g_, n)) wire(v, to);
    for (const ValueId v : n.outputs) {
      if (v != none) source_[v] = to;
    }
  }

  void add_output(ValueId v, size_t i) {
    Box b;
    b.kind = Box::Kind::output;
    b.value = v;
    b.id = fmt::format("o{}-{}", sheet_.block, i);
    const bool root = sheet_.block == 0;
    b.title = shortened(root ? g_.output_names.at(i) : g_.value(v).name, 28);
    if (g_.value(v).is_constant()) b.lines.push_back("constant " + shape_text(g_.fact(v)));
    const int to = add(std::move(b));
    if (!g_.value(v).is_constant()) wire(v, to);
  }

  void wire(ValueId v, int to) {
    const auto from = source_.find(v);
    if (from == source_.end()) return;
    const auto [net, fresh] = net_.try_emplace(v, static_cast<int>(net_.size()));
    if (fresh) sheet_.nets.push_back(v);
    int& leaves = sheet_.boxes[static_cast<size_t>(from->second)].net;
    if (leaves < 0) leaves = net->second;
    sheet_.boxes[static_cast<size_t>(to)].entered = true;
    wires_.push_back({from->second, to, net->second});
  }

  const Graph& g_;
  Sheet sheet_;
  std::vector<inspect::Wire> wires_;
  std::map<ValueId, int> source_, net_;
};

}  // namespace

std::vector<Sheet> sheets_of(const Graph& g) {
  std::vector<Sheet> sheets;
  for (BlockId b = 0; b < g.block_count(); ++b) {
    const NodeId owner = g.block(b).owner;
    if (b == 0 || (owner != none && g.node(owner).alive)) sheets.push_back(Builder(g, b).build());
  }
  return sheets;
}

}  // namespace hone::ship::drawing
