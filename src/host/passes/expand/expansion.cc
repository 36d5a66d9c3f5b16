#include "host/ops/op_def.h"
#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

constexpr ExpansionEntry table[] = {
#define HONE_EXPANSION(domain, op, fn) {domain, #op, expand_##fn},
#include "host/passes/expand/expansions.inc"
#undef HONE_EXPANSION
};

}  // namespace

std::span<const ExpansionEntry> expansions() { return table; }

ExpandFn find_expansion(const Node& node) {
  for (const ExpansionEntry& e : table) {
    if (node.op == e.op && node.domain == e.domain) return e.expand;
  }
  return nullptr;
}

Expansion::Expansion(const Graph& graph, NodeId id)
    : graph_(graph), node_(graph.node(id)), id_(id), patch_(graph, id) {}

std::optional<std::vector<int64_t>> Expansion::known_ints(size_t i) const {
  if (!has(i)) return std::nullopt;
  std::vector<int64_t> v;
  if (const Tensor* t = graph_.constant(in(i))) {
    for (int64_t k = 0; k < t->count(); ++k) v.push_back(t->int_at(k));
    return v;
  }
  const auto& content = fact(i).content;
  if (!content) return std::nullopt;
  for (const Dim& d : *content) {
    if (!d.is_const()) return std::nullopt;
    v.push_back(d.value());
  }
  return v;
}

std::vector<ValueId> Expansion::add_multi(const char* op, std::vector<ValueId> inputs,
                                          size_t outputs, const Attributes& attributes) {
  Node made;
  made.op = op;
  made.version = ops::max_opset;
  made.inputs = std::move(inputs);
  for (const auto& [name, value] : attributes) made.attributes.set(name, value);
  return patch_.add_multi(std::move(made), outputs, {id_});
}

ValueId Expansion::add(const char* op, std::vector<ValueId> inputs, const Attributes& attributes) {
  return add_multi(op, std::move(inputs), 1, attributes)[0];
}

ValueId Expansion::add(Node made) { return patch_.add(std::move(made), {id_}); }

std::vector<ValueId> Expansion::add_multi(Node made, size_t outputs) {
  return patch_.add_multi(std::move(made), outputs, {id_});
}

ValueId Expansion::constant(Tensor t, const char* stem) {
  return patch_.constant(std::move(t), node_.name + "_" + stem);
}

ValueId Expansion::number(double v, DType t) {
  Tensor one(t, {});
  one.set(0, v);
  return constant(std::move(one), "number");
}

ValueId Expansion::ints(std::vector<int64_t> v) {
  const Dims dims = {static_cast<int64_t>(v.size())};
  return constant(Tensor::of<int64_t>(dims, v), "ints");
}

ValueId Expansion::reshape(ValueId x, std::vector<int64_t> dims) {
  return add("Reshape", {x, ints(std::move(dims))});
}

ValueId Expansion::transpose(ValueId x, std::vector<int64_t> perm) {
  return add("Transpose", {x}, {{"perm", std::move(perm)}});
}

ValueId Expansion::slice(ValueId x, int64_t axis, int64_t begin, int64_t end) {
  return add("Slice", {x, ints({begin}), ints({end}), ints({axis})});
}

ValueId Expansion::size(size_t i, int64_t axis) {
  return add("Shape", {in(i)}, {{"start", axis}, {"end", axis + 1}});
}

void Expansion::give(size_t output, ValueId v) { patch_.replace(node_.output(output), v); }

Patch Expansion::take() {
  patch_.remove(id_);
  patch_.set_why(label(node_) + " is made of others");
  return std::move(patch_);
}

}  // namespace hone::passes
