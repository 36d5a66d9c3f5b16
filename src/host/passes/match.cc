#include "host/passes/match.h"

#include <algorithm>
#include <limits>
#include <set>

namespace hone::passes {

std::optional<double> scalar(const Graph& g, ValueId v) {
  const Tensor* t = g.constant(v);
  if (t == nullptr || t->count() != 1 || t->dtype() == DType::string) return std::nullopt;
  return t->at(0);
}

std::optional<WithConstant> with_constant(const Graph& g, const Node& n) {
  if (n.inputs.size() != 2) return std::nullopt;
  const Tensor *a = g.constant(n.input(0)), *b = g.constant(n.input(1));
  if ((a == nullptr) == (b == nullptr)) return std::nullopt;
  return a == nullptr ? WithConstant{n.input(0), b} : WithConstant{n.input(1), a};
}

bool reshapes(const Node& n) {
  return n.is("Reshape") || n.is("Flatten") || n.is("Squeeze") || n.is("Unsqueeze");
}

bool all_zero(const std::vector<int64_t>& v) {
  return std::all_of(v.begin(), v.end(), [](int64_t x) { return x == 0; });
}

bool is_elementwise(const Node& n) {
  static const std::set<std::string> standard = {"Abs",        "Add",
                                                 "Ceil",       "Celu",
                                                 "Clip",       "Div",
                                                 "Elu",        "Erf",
                                                 "Exp",        "Floor",
                                                 "Gelu",       "HardSigmoid",
                                                 "HardSwish",  "Identity",
                                                 "LeakyRelu",  "Log",
                                                 "Max",        "Mean",
                                                 "Min",        "Mish",
                                                 "Mul",        "Neg",
                                                 "PRelu",      "Pow",
                                                 "Reciprocal", "Relu",
                                                 "Round",      "Selu",
                                                 "Sigmoid",    "Sign",
                                                 "Softplus",   "Softsign",
                                                 "Sqrt",       "Sub",
                                                 "Sum",        "Swish",
                                                 "Tanh",       "ThresholdedRelu"};
  static const std::set<std::string> fused = {"Activation", "FusedBinary", "FusedChain"};
  if (n.domain == graph::hone_domain) return fused.contains(n.op);
  return n.domain.empty() && standard.contains(n.op);
}

Patch merged_pair(const Graph& g, NodeId last, NodeId first, Node made) {
  Patch p(g, last);
  p.set_why(label(g.node(first)) + " + " + label(g.node(last)));
  p.replace(g.node(last).output(0), p.add(std::move(made), {first, last}));
  p.remove(last);
  p.remove(first);
  return p;
}

bool same_shape(const Graph& g, ValueId a, ValueId b) {
  const auto &x = g.fact(a).shape, &y = g.fact(b).shape;
  return x && y && *x == *y;
}

bool is_f32(const Graph& g, ValueId v) { return v != graph::none && g.fact(v).dtype == DType::f32; }

std::string label(const Node& n) { return n.op + " '" + n.name + "'"; }

namespace {

std::optional<Activation> clip(const Graph& g, const Node& n) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  Activation a{"clip", -inf, inf};
  if (n.version < 11) {
    a.a = n.attributes.f("min", -inf);
    a.b = n.attributes.f("max", inf);
  } else {
    for (size_t i : {size_t{1}, size_t{2}}) {
      if (n.input(i) == graph::none) continue;
      auto bound = scalar(g, n.input(i));
      if (!bound) return std::nullopt;
      (i == 1 ? a.a : a.b) = static_cast<float>(*bound);
    }
  }
  if (a.a == 0 && a.b == inf) return Activation{"relu"};
  return a;
}

}  // namespace

std::optional<Activation> activation_of(const Graph& g, const Node& n) {
  if (!is_f32(g, n.output(0))) return std::nullopt;
  const auto& at = n.attributes;
  if (n.is("Activation", graph::hone_domain)) {
    return Activation{at.s("activation", "none"), at.f("act_a", 0), at.f("act_b", 0)};
  }
  if (n.is("Relu")) return Activation{"relu"};
  if (n.is("Clip")) return clip(g, n);
  if (n.is("LeakyRelu")) return Activation{"leaky_relu", at.f("alpha", 0.01f)};
  if (n.is("HardSigmoid"))
    return Activation{"hard_sigmoid", at.f("alpha", 0.2f), at.f("beta", 0.5f)};
  if (n.is("HardSwish")) return Activation{"hard_swish"};
  if (n.is("Sigmoid")) return Activation{"sigmoid"};
  if (n.is("Swish")) return Activation{"silu", at.f("alpha", 1)};
  if (n.is("Tanh")) return Activation{"tanh"};
  if (n.is("Elu")) return Activation{"elu", at.f("alpha", 1)};
  if (n.is("Softplus")) return Activation{"softplus"};
  if (n.is("Mish")) return Activation{"mish"};
  if (n.is("Gelu")) {
    return Activation{at.s("approximate", "none") == "tanh" ? "gelu_tanh" : "gelu_erf"};
  }
  return std::nullopt;
}

void set_activation(graph::Node& n, const Activation& a) {
  n.attributes.set("activation", a.name);
  n.attributes.set("act_a", a.a);
  n.attributes.set("act_b", a.b);
}

std::optional<Node> as_fused_gemm(const Graph& g, const Node& n) {
  constexpr const char* fused_op = "FusedGemm";
  bool product = n.is("MatMul") || n.is("Gemm") || n.is(fused_op, graph::hone_domain);
  if (!product || !is_f32(g, n.output(0))) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    if (!g.fact(n.input(i)).has_rank() || g.fact(n.input(i)).rank() < 2) return std::nullopt;
  }
  if (n.is(fused_op, graph::hone_domain)) {
    Node f = n;
    f.origin.clear();
    return f;
  }
  Node f;
  f.op = fused_op;
  f.domain = graph::hone_domain;
  f.version = 1;
  f.name = n.name;
  f.inputs = {n.input(0), n.input(1)};
  if (n.is("MatMul")) return f;
  if (n.input(2) != graph::none) {
    const auto &c = g.fact(n.input(2)).shape, &y = g.fact(n.output(0)).shape;
    bool row = c && y && c->size() == 1 && (*c)[0] == y->back();
    if (!row || n.attributes.f("beta", 1) != 1) return std::nullopt;
    f.inputs.push_back(n.input(2));
  }
  f.attributes.set("trans_a", n.attributes.i("transA", 0));
  f.attributes.set("trans_b", n.attributes.i("transB", 0));
  f.attributes.set("alpha", n.attributes.f("alpha", 1));
  return f;
}

}  // namespace hone::passes
