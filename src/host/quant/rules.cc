#include "host/quant/rules.h"

#include <algorithm>
#include <iterator>

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;

struct Rule {
  const char* op;
  Role role;
};

// Softmax, normalisations, decoding (Exp, Div, ...), NonMaxSuppression and TopK are not here: they
// stay float.
constexpr Rule rules[] = {
    {"Conv", Role::dense},        {"ConvTranspose", Role::dense},
    {"Gemm", Role::dense},        {"MatMul", Role::dense},

    {"DepthToSpace", Role::move}, {"Dropout", Role::move},
    {"Expand", Role::move},       {"Flatten", Role::move},
    {"Gather", Role::move},       {"GlobalMaxPool", Role::move},
    {"Identity", Role::move},     {"MaxPool", Role::move},
    {"Pad", Role::move},          {"Reshape", Role::move},
    {"Resize", Role::move},       {"Slice", Role::move},
    {"SpaceToDepth", Role::move}, {"Split", Role::move},
    {"Squeeze", Role::move},      {"Tile", Role::move},
    {"Transpose", Role::move},    {"Unsqueeze", Role::move},

    {"AveragePool", Role::pool},  {"GlobalAveragePool", Role::pool},
    {"ReduceMean", Role::pool},

    {"Abs", Role::unary},         {"Clip", Role::unary},
    {"Elu", Role::unary},         {"Erf", Role::unary},
    {"Gelu", Role::unary},        {"HardSigmoid", Role::unary},
    {"HardSwish", Role::unary},   {"LeakyRelu", Role::unary},
    {"Mish", Role::unary},        {"Neg", Role::unary},
    {"PRelu", Role::unary},       {"Relu", Role::unary},
    {"Selu", Role::unary},        {"Sigmoid", Role::unary},
    {"Softplus", Role::unary},    {"Swish", Role::unary},
    {"Tanh", Role::unary},        {"ThresholdedRelu", Role::unary},

    {"Add", Role::join},          {"Mul", Role::join},
    {"Sub", Role::join},          {"Div", Role::join},
    {"Concat", Role::concat},
};

bool is_f32(const Graph& g, graph::ValueId v) {
  return v != graph::none && g.fact(v).kind == graph::Fact::Kind::tensor &&
         g.fact(v).dtype == DType::f32;
}

bool is_constant(const Graph& g, graph::ValueId v) { return g.constant(v) != nullptr; }

Role role_of_join(const Graph& g, const Node& n) {
  const bool a = is_constant(g, n.input(0)), b = is_constant(g, n.input(1));
  if (a && b) return Role::none;
  if (a || b) return n.is("Div") && a ? Role::none : Role::unary;
  return n.is("Div") ? Role::none : Role::join;
}

bool has_weights(const Graph& g, const Node& n) {
  const Tensor* w = g.constant(n.input(1));
  return w != nullptr && w->dtype() == DType::f32 && w->count() > 0 && w->rank() >= 2;
}

}  // namespace

Role role_of(const Graph& g, const Node& n) {
  if (!n.domain.empty()) return Role::none;
  const auto* rule =
      std::find_if(std::begin(rules), std::end(rules), [&](const Rule& r) { return n.op == r.op; });
  if (rule == std::end(rules)) return Role::none;
  Role role = rule->role;
  // Interpolated elements are new ones; ONNX Runtime cuts them off instead of rounding where the
  // scales are one.
  const bool interpolates = n.is("Resize") && n.attributes.s("mode", "nearest") != "nearest";
  if (interpolates) role = Role::pool;
  if (role == Role::join) role = role_of_join(g, n);
  if (role == Role::dense && !has_weights(g, n)) return Role::none;
  if (n.is("PRelu") && !is_constant(g, n.input(1))) return Role::none;
  for (const size_t i : operands(g, n, role)) {
    if (!is_f32(g, n.input(i)) || is_constant(g, n.input(i))) return Role::none;
  }
  if (role != Role::none && !is_f32(g, n.output(0))) return Role::none;
  // Where it lay: the indices of MaxPool, the mask of Dropout.
  if (!n.is("Split") && n.outputs.size() > 1 && n.output(1) != graph::none) return Role::none;
  return role;
}

std::vector<size_t> operands(const Graph& g, const Node& n, Role role) {
  switch (role) {
    case Role::none: return {};
    case Role::join: return {0, 1};
    case Role::unary: return {is_constant(g, n.input(0)) ? size_t{1} : size_t{0}};
    case Role::concat: {
      std::vector<size_t> all(n.inputs.size());
      for (size_t i = 0; i < all.size(); ++i) all[i] = i;
      return all;
    }
    default: return {0};
  }
}

bool reads_table(const Graph& g, const Node& n) {
  constexpr int64_t least = 1 << 12;  // elements: a smaller one is not worth it
  if (!n.is("Gather") || n.attributes.i("axis", 0) != 0) return false;
  const Tensor* t = g.constant(n.input(0));
  return t != nullptr && t->dtype() == DType::f32 && t->rank() == 2 && t->count() >= least;
}

bool saturates(const Graph& g, const Node& n) {
  if (n.is("Relu")) return true;
  if (!n.is("Clip")) return false;
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (n.input(i) != graph::none && g.constant(n.input(i)) == nullptr) return false;
  }
  return true;
}

}  // namespace hone::quant
