// match_gelu: GELU in its two forms, and x Sigmoid(a x). Exporters spell them in many orders of
// factors, so the nodes are read as a polynomial in x and the gate g = Erf, Tanh or Sigmoid of
// another polynomial in x; coefficients decide.

#include <algorithm>

#include "host/passes/activations.h"
#include "host/passes/polynomial.h"

namespace hone::passes {

namespace {

// The activation that x g is, or x (1 + g) / 2, for the gate's argument as a polynomial in x.
std::optional<Activation> activation_with(const Node& gate, const Polynomial& argument) {
  constexpr double root_half = 0.70710678118654752440, root_2_over_pi = 0.79788456080286535588;
  constexpr double cubic = 0.044715, tolerance = 1e-5;
  auto tanh_argument = [](double scale) {
    return Polynomial{{{1, 0}, scale}, {{3, 0}, scale * cubic}};
  };
  if (gate.is("Erf") && same(argument, {{{1, 0}, root_half}}, tolerance)) {
    return Activation{"gelu_erf"};
  }
  if (gate.is("Tanh") && same(argument, tanh_argument(root_2_over_pi), tolerance)) {
    return Activation{"gelu_tanh"};
  }
  if (!gate.is("Sigmoid")) return std::nullopt;
  // (1 + tanh z) / 2 = sigmoid(2 z).
  if (same(argument, tanh_argument(2 * root_2_over_pi), tolerance)) return Activation{"gelu_tanh"};
  const bool linear = argument.size() == 1 && argument.begin()->first == Powers{1, 0};
  if (!linear) return std::nullopt;
  return Activation{"silu", static_cast<float>(argument.begin()->second)};
}

// Another factor follows, perhaps the one that is missing.
bool is_scaled(const Graph& g, ValueId v) {
  const auto users = g.users(v);
  return std::any_of(users.begin(), users.end(), [&](NodeId id) {
    const Node& n = g.node(id);
    auto parts = n.is("Mul") || n.is("Div") ? with_constant(g, n) : std::nullopt;
    return parts && parts->constant->count() == 1;
  });
}

std::optional<SpelledActivation> match(const Graph& g, const Node& n, ValueId gate_value) {
  const Node& gate = *g.producer_of(gate_value);
  const Polynomial wanted =
      gate.is("Sigmoid") ? Polynomial{{{1, 1}, 1.0}} : Polynomial{{{1, 0}, 0.5}, {{1, 1}, 0.5}};
  for (ValueId x : operands_of(g, gate.input(0))) {
    if (!same_shape(g, x, n.output(0))) continue;
    auto argument = polynomial(g, gate.input(0), x, graph::none);
    auto activation = argument ? activation_with(gate, *argument) : std::nullopt;
    if (!activation) continue;
    auto whole = polynomial(g, n.output(0), x, gate_value);
    if (whole && same(*whole, wanted, 1e-6)) return SpelledActivation{*activation, x, gate_value};
    // GELU whose half has gone into weights behind it.
    if (!whole || gate.is("Sigmoid") || is_scaled(g, n.output(0))) continue;
    if (same(*whole, sum(wanted, wanted, 1), 1e-6)) {
      return SpelledActivation{*activation, x, gate_value, 2};
    }
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  auto found = gelu_of(g, g.node(id));
  return found ? std::optional(replace_by(g, id, *found)) : std::nullopt;
}

}  // namespace

std::optional<SpelledActivation> gelu_of(const Graph& g, const Node& n) {
  bool root = (n.is("Mul") || n.is("Div") || n.is("Add")) && n.inputs.size() == 2;
  if (!root || !is_f32(g, n.output(0))) return std::nullopt;
  for (ValueId gate : operands_of(g, n.output(0))) {
    const Node* by = g.producer_of(gate);
    if (by == nullptr || !(by->is("Erf") || by->is("Tanh") || by->is("Sigmoid"))) continue;
    if (auto found = match(g, n, gate)) return found;
  }
  return std::nullopt;
}

Patch replace_by(const Graph& g, NodeId id, const SpelledActivation& by) {
  const Node& n = g.node(id);
  Patch p(g, id);
  Node made;
  made.op = "Activation";
  made.domain = graph::hone_domain;
  made.version = 1;
  made.inputs = {by.x};
  set_activation(made, by.activation);
  std::vector<NodeId> origins = {id};
  if (by.gate != graph::none) origins.insert(origins.begin(), g.value(by.gate).producer);
  ValueId y = p.add(std::move(made), origins);
  if (by.factor != 1) {
    Node times;
    times.op = "Mul";
    times.inputs = {y, p.constant(Tensor::scalar(by.factor), "twice")};
    y = p.add(std::move(times), {id});
  }
  p.replace(n.output(0), y);
  p.remove(id);
  p.set_why(label(n) + " is " + by.activation.name);
  return p;
}

extern const Pass match_gelu;
const Pass match_gelu{"match_gelu", "recognise GELU", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
