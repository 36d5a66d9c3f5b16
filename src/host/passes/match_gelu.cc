// match_gelu: GELU in its two forms, and x Sigmoid(a x). Exporters spell them in many orders of
// factors, so the nodes are read as a polynomial in x and the gate g = Erf, Tanh or Sigmoid of
// another polynomial in x; coefficients decide.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Sum of coefficient * x^i * g^j by {i, j}.
using Powers = std::pair<int, int>;
using Polynomial = std::map<Powers, double>;

// GELU's deepest spelling, x g / 2 with x^3 as x * x * x, stays within both.
constexpr int deepest = 6, highest = 4;

Polynomial constant_polynomial(double c) { return {{{0, 0}, c}}; }

std::optional<double> as_constant(const Polynomial& p) {
  if (p.size() != 1 || p.begin()->first != Powers{0, 0}) return std::nullopt;
  return p.begin()->second;
}

Polynomial sum(Polynomial a, const Polynomial& b, double sign) {
  for (const auto& [powers, c] : b) a[powers] += sign * c;
  return a;
}

std::optional<Polynomial> product(const Polynomial& a, const Polynomial& b) {
  Polynomial p;
  for (const auto& [m, c] : a) {
    for (const auto& [n, d] : b) {
      const Powers both{m.first + n.first, m.second + n.second};
      if (both.first > highest || both.second > 1) return std::nullopt;
      p[both] += c * d;
    }
  }
  return p;
}

bool is_arithmetic(const Node& n) {
  if (n.inputs.size() != 2) return false;
  return n.is("Mul") || n.is("Div") || n.is("Add") || n.is("Sub") || n.is("Pow");
}

// v as a polynomial in x and gate (none: there is no gate). nullopt: it is something else.
std::optional<Polynomial> polynomial(const Graph& g, ValueId v, ValueId x, ValueId gate,
                                     int depth) {
  if (v == x) return Polynomial{{{1, 0}, 1.0}};
  if (v == gate) return Polynomial{{{0, 1}, 1.0}};
  if (auto c = scalar(g, v)) return constant_polynomial(*c);
  const Node* n = g.producer_of(v);
  if (n == nullptr || depth == 0 || !is_arithmetic(*n)) return std::nullopt;
  auto a = polynomial(g, n->input(0), x, gate, depth - 1);
  auto b = a ? polynomial(g, n->input(1), x, gate, depth - 1) : std::nullopt;
  if (!b) return std::nullopt;
  if (n->is("Add") || n->is("Sub")) return sum(*a, *b, n->is("Add") ? 1 : -1);
  if (n->is("Mul")) return product(*a, *b);
  auto c = as_constant(*b);
  if (!c) return std::nullopt;
  if (n->is("Div")) return *c == 0 ? std::nullopt : product(*a, constant_polynomial(1 / *c));
  if (*c != 2 && *c != 3) return std::nullopt;
  auto power = product(*a, *a);
  return power && *c == 3 ? product(*power, *a) : power;
}

// Spellings round their constants, some to three digits (0.044715 is one of those itself).
bool same(const Polynomial& p, const Polynomial& wanted, double tolerance) {
  for (const auto& [powers, c] : p) {
    auto w = wanted.find(powers);
    double target = w == wanted.end() ? 0 : w->second;
    if (!(std::abs(c - target) <= tolerance * std::max(std::abs(target), 1e-3))) return false;
  }
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& term) { return p.contains(term.first); });
}

// The values v is computed from by arithmetic, itself first.
void gather_operands(const Graph& g, ValueId v, int depth, std::set<ValueId>& seen,
                     std::vector<ValueId>& found) {
  if (v == graph::none || g.constant(v) != nullptr || !seen.insert(v).second) return;
  found.push_back(v);
  const Node* n = g.producer_of(v);
  if (n == nullptr || depth == 0 || !is_arithmetic(*n)) return;
  for (ValueId in : n->inputs) gather_operands(g, in, depth - 1, seen, found);
}

std::vector<ValueId> operands_of(const Graph& g, ValueId v) {
  std::set<ValueId> seen;
  std::vector<ValueId> found;
  gather_operands(g, v, deepest, seen, found);
  return found;
}

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

struct Match {
  Activation activation;
  ValueId x;
  bool twice;  // GELU's last factor has gone into weights behind it
};

// Another factor follows, perhaps the one that is missing.
bool is_scaled(const Graph& g, ValueId v) {
  const auto users = g.users(v);
  return std::any_of(users.begin(), users.end(), [&](NodeId id) {
    const Node& n = g.node(id);
    auto parts = n.is("Mul") || n.is("Div") ? with_constant(g, n) : std::nullopt;
    return parts && parts->constant->count() == 1;
  });
}

std::optional<Match> match(const Graph& g, const Node& n, ValueId gate_value) {
  const Node& gate = *g.producer_of(gate_value);
  const Polynomial wanted =
      gate.is("Sigmoid") ? Polynomial{{{1, 1}, 1.0}} : Polynomial{{{1, 0}, 0.5}, {{1, 1}, 0.5}};
  for (ValueId x : operands_of(g, gate.input(0))) {
    if (!same_shape(g, x, n.output(0))) continue;
    auto argument = polynomial(g, gate.input(0), x, graph::none, deepest);
    auto activation = argument ? activation_with(gate, *argument) : std::nullopt;
    if (!activation) continue;
    auto whole = polynomial(g, n.output(0), x, gate_value, deepest);
    if (whole && same(*whole, wanted, 1e-6)) return Match{*activation, x, false};
    if (!whole || gate.is("Sigmoid") || is_scaled(g, n.output(0))) continue;
    if (same(*whole, sum(wanted, wanted, 1), 1e-6)) return Match{*activation, x, true};
  }
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  bool root = (n.is("Mul") || n.is("Div") || n.is("Add")) && n.inputs.size() == 2;
  if (!root || !is_f32(g, n.output(0))) return std::nullopt;
  for (ValueId gate : operands_of(g, n.output(0))) {
    const Node* by = g.producer_of(gate);
    if (by == nullptr || !(by->is("Erf") || by->is("Tanh") || by->is("Sigmoid"))) continue;
    auto found = match(g, n, gate);
    if (!found) continue;
    Patch p(g, id);
    Node made;
    made.op = "Activation";
    made.domain = graph::hone_domain;
    made.version = 1;
    made.inputs = {found->x};
    set_activation(made, found->activation);
    ValueId y = p.add(std::move(made), {g.value(gate).producer, id});
    if (found->twice) {
      Node twice;
      twice.op = "Mul";
      twice.inputs = {y, p.constant(Tensor::scalar(2.0f), "twice")};
      y = p.add(std::move(twice), {id});
    }
    p.replace(n.output(0), y);
    p.remove(id);
    p.set_why(label(n) + " is " + found->activation.name);
    return p;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass match_gelu;
const Pass match_gelu{"match_gelu", "recognise GELU", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
