// match_hard_swish: Clip(x + 3, 0, 6) / 6 is HardSigmoid(alpha 1/6, beta 1/2), and x times that is
// HardSwish, in the spellings exporters use.

#include <cmath>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

constexpr double sixth = 1.0 / 6;

bool near(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

bool is_clip_0_6(const Graph& g, const Node& n) {
  auto a = activation_of(g, n);
  return n.is("Clip") && a && a->name == "clip" && a->a == 0 && a->b == 6;
}

// x, where v = Clip(x + 3, 0, 6).
ValueId relu6_of_x_plus_3(const Graph& g, ValueId v) {
  const Node* clip = g.producer_of(v);
  if (clip == nullptr || !is_clip_0_6(g, *clip)) return graph::none;
  const Node* add = g.producer_of(clip->input(0));
  auto operands = add != nullptr && add->is("Add") ? with_constant(g, *add) : std::nullopt;
  if (!operands || operands->constant->count() != 1 || operands->constant->at(0) != 3) {
    return graph::none;
  }
  return same_shape(g, operands->value, v) ? operands->value : graph::none;
}

// x, where n = Clip(x + 3, 0, 6) / 6 (or times 1 / 6).
ValueId sixth_of_relu6(const Graph& g, const Node& n) {
  auto operands = n.is("Mul") || n.is("Div") ? with_constant(g, n) : std::nullopt;
  if (!operands || operands->constant->count() != 1) return graph::none;
  double c = operands->constant->at(0);
  bool divides = n.is("Div") && operands->value == n.input(0) && c == 6;
  if (!divides && !(n.is("Mul") && near(c, sixth))) return graph::none;
  return relu6_of_x_plus_3(g, operands->value);
}

bool is_hard_swish_gate(const Graph& g, const Node& n, ValueId x) {
  if (n.is("HardSigmoid")) {
    return n.input(0) == x && near(static_cast<double>(n.attributes.f("alpha", 0.2f)), sixth) &&
           n.attributes.f("beta", 0.5f) == 0.5f;
  }
  return sixth_of_relu6(g, n) == x;
}

Node unary(const char* op, ValueId x) {
  Node n;
  n.op = op;
  n.inputs = {x};
  return n;
}

// x * gate(x), or (x * Clip(x + 3, 0, 6)) / 6.
ValueId hard_swish_of(const Graph& g, const Node& n) {
  if (n.is("Mul") && n.inputs.size() == 2) {
    for (size_t i : {size_t{0}, size_t{1}}) {
      const Node* gate = g.producer_of(n.input(i));
      ValueId x = n.input(1 - i);
      if (gate != nullptr && is_hard_swish_gate(g, *gate, x)) return x;
    }
  }
  auto operands = n.is("Mul") || n.is("Div") ? with_constant(g, n) : std::nullopt;
  if (!operands || operands->constant->count() != 1) return graph::none;
  double c = operands->constant->at(0);
  bool sixths =
      (n.is("Div") && operands->value == n.input(0) && c == 6) || (n.is("Mul") && near(c, sixth));
  const Node* product = sixths ? g.producer_of(operands->value) : nullptr;
  if (product == nullptr || !product->is("Mul") || product->inputs.size() != 2) return graph::none;
  for (size_t i : {size_t{0}, size_t{1}}) {
    ValueId x = product->input(1 - i);
    if (relu6_of_x_plus_3(g, product->input(i)) == x) return x;
  }
  return graph::none;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!is_f32(g, n.output(0))) return std::nullopt;
  ValueId x = g.opset() >= 14 ? hard_swish_of(g, n) : graph::none;
  Node made = unary("HardSwish", x);
  if (x == graph::none) {
    x = sixth_of_relu6(g, n);
    made = unary("HardSigmoid", x);
    made.attributes.set("alpha", static_cast<float>(sixth));
    made.attributes.set("beta", 0.5f);
  }
  if (x == graph::none || !same_shape(g, x, n.output(0))) return std::nullopt;
  Patch p(g, id);
  p.set_why(label(n) + " is " + made.op);
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.remove(id);
  return p;
}

}  // namespace

extern const Pass match_hard_swish;
const Pass match_hard_swish{"match_hard_swish",
                            "recognise hard-sigmoid and hard-swish",
                            Stage::standard,
                            true,
                            propose,
                            nullptr};

}  // namespace hone::passes
