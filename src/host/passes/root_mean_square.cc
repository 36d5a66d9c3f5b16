#include "host/passes/root_mean_square.h"

#include <algorithm>

namespace hone::passes {

std::optional<std::vector<int64_t>> mean_axes(const Graph& g, const Node& n) {
  constexpr int64_t axes_are_input = 18;
  if (!n.is("ReduceMean") || n.attributes.i("keepdims", 1) == 0) return std::nullopt;
  if (!g.fact(n.input(0)).has_rank()) return std::nullopt;
  std::vector<int64_t> axes = n.attributes.ints("axes");
  if (n.version >= axes_are_input) {
    const Tensor* t = g.constant(n.input(1));
    if (t == nullptr) return std::nullopt;
    for (int64_t i = 0; i < t->count(); ++i) axes.push_back(static_cast<int64_t>(t->at(i)));
  }
  for (int64_t& a : axes) a += a < 0 ? g.fact(n.input(0)).rank() : 0;
  std::sort(axes.begin(), axes.end());
  if (axes.empty()) return std::nullopt;
  return axes;
}

namespace {

bool is_power(const Graph& g, const Node& n, double exponent) {
  return n.is("Pow") && scalar(g, n.input(1)) == exponent;
}

bool is_square_of(const Graph& g, ValueId v, ValueId x) {
  const Node* n = g.producer_of(v);
  if (n == nullptr || n->input(0) != x) return false;
  return is_power(g, *n, 2) || (n->is("Mul") && n->input(1) == x);
}

// v = mean(x^2) + epsilon.
std::optional<Normalised> is_moment_of(const Graph& g, ValueId v, ValueId x) {
  const Node* add = g.producer_of(v);
  auto operands = add != nullptr && add->is("Add") ? with_constant(g, *add) : std::nullopt;
  if (!operands || operands->constant->count() != 1) return std::nullopt;
  const Node* mean = g.producer_of(operands->value);
  auto axes = mean != nullptr ? mean_axes(g, *mean) : std::nullopt;
  if (!axes || !is_square_of(g, mean->input(0), x)) return std::nullopt;
  return Normalised{x, *axes, static_cast<float>(operands->constant->at(0))};
}

// v = sqrt(mean(x^2) + epsilon).
std::optional<Normalised> is_root_of(const Graph& g, ValueId v, ValueId x) {
  const Node* root = g.producer_of(v);
  if (root == nullptr || !(root->is("Sqrt") || is_power(g, *root, 0.5))) return std::nullopt;
  return is_moment_of(g, root->input(0), x);
}

bool all_ones(const Tensor& t) {
  for (int64_t i = 0; i < t.count(); ++i) {
    if (t.at(i) != 1) return false;
  }
  return true;
}

// The sizes from `axis` on, where all are known.
std::optional<Dims> sizes_from(const graph::SymShape& shape, size_t axis) {
  Dims sizes;
  for (size_t i = axis; i < shape.size(); ++i) {
    auto size = shape[i].const_value();
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

// The constant with `dims`, where dimensions of size 1 in front are all it has too many.
std::optional<Tensor> with_dims(const Tensor& t, const Dims& dims) {
  size_t more = t.dims().size() - std::min(t.dims().size(), dims.size());
  const auto begin = t.dims().begin();
  const auto rest = begin + static_cast<int64_t>(more);
  bool fits = std::all_of(begin, rest, [](int64_t d) { return d == 1; }) &&
              Dims(rest, t.dims().end()) == dims;
  if (!fits || t.dtype() != DType::f32) return std::nullopt;
  return t.reshaped(dims);
}

}  // namespace

std::optional<Normalised> is_inverse_rms(const Graph& g, ValueId v, ValueId x) {
  const Node* n = g.producer_of(v);
  if (n == nullptr) return std::nullopt;
  if (n->is("Reciprocal")) return is_root_of(g, n->input(0), x);
  if (n->is("Div") && scalar(g, n->input(0)) == 1.0) return is_root_of(g, n->input(1), x);
  if (is_power(g, *n, -0.5)) return is_moment_of(g, n->input(0), x);
  return std::nullopt;
}

std::optional<Normalised> over_its_rms(const Graph& g, const Node& n) {
  if (n.inputs.size() != 2 || !is_f32(g, n.output(0))) return std::nullopt;
  if (n.is("Div")) return is_root_of(g, n.input(1), n.input(0));
  if (!n.is("Mul")) return std::nullopt;
  auto found = is_inverse_rms(g, n.input(1), n.input(0));
  return found ? found : is_inverse_rms(g, n.input(0), n.input(1));
}

std::optional<Patch> replace_by(const Graph& g, NodeId id, const Normalisation& made,
                                const Normalised& what) {
  const Node& n = g.node(id);
  if (!g.fact(made.x).has_rank() || !same_shape(g, made.x, n.output(0))) return std::nullopt;
  const auto& shape = *g.fact(made.x).shape;
  const auto axis = static_cast<size_t>(what.axes.front());
  if (axis + what.axes.size() != shape.size()) return std::nullopt;  // not the last ones
  auto inner = sizes_from(shape, axis);
  if (!inner) return std::nullopt;
  Tensor ones(DType::f32, *inner);
  for (int64_t i = 0; i < ones.count(); ++i) ones.set(i, 1);
  Patch p(g, id);
  Node norm;
  norm.op = made.op;
  norm.version = made.version;
  norm.inputs = {made.x};
  if (made.scale == graph::none) {
    norm.inputs.push_back(p.constant(std::move(ones), n.name + "_scale"));
  }
  for (ValueId parameter : {made.scale, made.bias}) {
    if (parameter == graph::none) continue;
    auto t = with_dims(*g.constant(parameter), *inner);
    if (!t) return std::nullopt;
    norm.inputs.push_back(p.constant(std::move(*t), g.value(parameter).name));
  }
  norm.attributes.set("axis", static_cast<int64_t>(axis) - static_cast<int64_t>(shape.size()));
  norm.attributes.set("epsilon", what.epsilon);
  p.replace(n.output(0), p.add(std::move(norm), {id}));
  p.remove(id);
  p.set_why(label(n) + " is " + made.op);
  return p;
}

std::optional<Patch> take_affine(const Graph& g, NodeId id, const char* op, bool has_bias) {
  const Node& n = g.node(id);
  const bool scales = n.is("Mul"), shifts = n.is("Add") && has_bias;
  auto operands = scales || shifts ? with_constant(g, n) : std::nullopt;
  const Node* norm = operands ? g.producer_of(operands->value) : nullptr;
  if (norm == nullptr || !norm->is(op) || norm->block != n.block) return std::nullopt;
  if (!g.single_use(operands->value) || !is_f32(g, n.output(0))) return std::nullopt;
  if (norm->outputs.size() != 1) return std::nullopt;  // the moments are wanted, too
  const Tensor* scale = g.constant(norm->input(1));
  if (scale == nullptr || norm->input(2) != graph::none) return std::nullopt;
  if (scales && !all_ones(*scale)) return std::nullopt;
  if (!same_shape(g, operands->value, n.output(0))) return std::nullopt;
  auto constant = with_dims(*operands->constant, scale->dims());
  if (!constant) return std::nullopt;
  Patch p(g, id);
  Node made = *norm;
  made.origin.clear();
  const ValueId given = operands->value == n.input(0) ? n.input(1) : n.input(0);
  made.inputs.resize(scales ? 2 : 3, graph::none);
  made.inputs.back() = constant->dims() == operands->constant->dims()
                           ? given
                           : p.constant(std::move(*constant), g.value(given).name);
  const NodeId first = g.value(operands->value).producer;
  p.replace(n.output(0), p.add(std::move(made), {first, id}));
  p.remove(id);
  p.remove(first);
  p.set_why(label(*norm) + " + " + label(n));
  return p;
}

}  // namespace hone::passes
