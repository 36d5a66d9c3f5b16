#include "host/plan/lower/strided.h"

#include <algorithm>

namespace hone::plan {

namespace {

SymShape without_ones(SymShape s) {
  std::erase(s, Dim(1));
  return s;
}

// Its results are views of its first operand, whatever the strides of that.
bool only_looks(const Graph& g, const Node& n) {
  if (!n.domain.empty()) return false;
  if (n.is("Transpose") || n.is("Split")) return true;
  if (n.is("Gather")) return constant_index(g, n).has_value();
  if (n.is("Slice")) {
    const Tensor* steps = g.constant(n.input(4));
    if (n.version < 10 || n.input(4) == graph::none) return true;
    if (steps == nullptr) return false;
    const auto numbers = to_ints(*steps);
    return std::all_of(numbers.begin(), numbers.end(), [](int64_t s) { return s > 0; });
  }
  if (n.is("Reshape") || n.is("Squeeze") || n.is("Unsqueeze")) {
    const auto &x = g.fact(n.input(0)).shape, &y = g.fact(n.output(0)).shape;
    return x && y && differ_by_ones(*x, *y);
  }
  return false;
}

bool takes_strides(const Graph& g, const Node& n, ValueId v) {
  if (is_shape_arithmetic(g, n)) return true;
  for (size_t i = 0; i < n.inputs.size(); ++i) {
    if (n.inputs[i] != v) continue;
    if (n.is("Attention")) {
      if (i > 3) return false;
      continue;
    }
    if (i > 0 || !only_looks(g, n)) return false;
    for (ValueId out : n.outputs) {
      if (out != graph::none && !read_by_strides(g, out)) return false;
    }
  }
  return true;
}

bool is_dense_view(const SymShape& shape, const std::vector<Dim>& strides) {
  Dim next(1);
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == Dim(1)) continue;
    if (strides[i] != next) return false;
    next = next * shape[i];
  }
  return true;
}

}  // namespace

std::optional<int64_t> constant_index(const Graph& g, const Node& gather) {
  const Tensor* index = g.constant(gather.input(1));
  const auto& shape = g.fact(gather.input(0)).shape;
  if (index == nullptr || index->rank() > 0 || !shape) return std::nullopt;
  const auto rank = static_cast<int64_t>(shape->size());
  int64_t axis = gather.attributes.i("axis", 0), at = to_ints(*index)[0];
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  const std::optional<int64_t> size = (*shape)[static_cast<size_t>(axis)].const_value();
  if (at < 0) at += size.value_or(0);
  return size && at >= 0 && at < *size ? std::optional(at) : std::nullopt;
}

bool differ_by_ones(const SymShape& a, const SymShape& b) {
  return without_ones(a) == without_ones(b);
}

bool read_by_strides(const Graph& g, ValueId v) {
  const graph::Value& value = g.value(v);
  if (value.layout != Layout::row_major || g.is_block_output(v)) return false;
  const auto users = g.users(v);
  return !users.empty() && std::all_of(users.begin(), users.end(), [&](graph::NodeId id) {
    return takes_strides(g, g.node(id), v);
  });
}

void define_view_or_copy(Lowering& l, const Node& n, ValueId v, PlanValue view, Layout layout) {
  const SymShape shape = l.at(view).shape;
  if (is_dense_view(shape, l.strides_of(view))) {
    l.define_alias(v, l.view(view, shape, {}, 0), layout);
  } else if (layout == Layout::row_major && read_by_strides(l.graph(), v)) {
    l.define_alias(v, view, layout);
  } else {
    l.copy(n, view, l.define_as(v, layout));
  }
}

}  // namespace hone::plan
