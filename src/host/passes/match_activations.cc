// match_activations: hard-swish, hard-sigmoid, Clip, LeakyRelu, Softplus, Mish and SiLU made of
// others. Their parts are Relu, Clip, Min, Max, Exp, Log, and arithmetic with numbers, which is
// read as a polynomial: the order of factors does not matter.

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/passes/activations.h"
#include "host/passes/polynomial.h"

namespace hone::passes {

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr int deepest = 3;  // Min(Max(Relu(x), a), b)

// v = x between two bounds, made of `nodes` nodes.
struct Bounded {
  ValueId x;
  double low, high;
  int nodes;
};

// What one node does; nullopt where it is no bound.
std::optional<Bounded> one_bound(const Graph& g, const Node& n) {
  if (n.is("Min") || n.is("Max")) {
    auto operands = with_constant(g, n);
    if (!operands || operands->constant->count() != 1 || !is_f32(g, n.output(0))) {
      return std::nullopt;
    }
    const double c = operands->constant->at(0);
    if (std::isnan(c)) return std::nullopt;
    return n.is("Min") ? Bounded{operands->value, -inf, c, 1} : Bounded{operands->value, c, inf, 1};
  }
  auto act = activation_of(g, n);
  if (!act) return std::nullopt;
  if (act->name == "relu") return Bounded{n.input(0), 0, inf, 1};
  if (act->name != "clip" || !(act->a <= act->b)) return std::nullopt;
  return Bounded{n.input(0), static_cast<double>(act->a), static_cast<double>(act->b), 1};
}

std::optional<Bounded> bounded(const Graph& g, ValueId v) {
  std::optional<Bounded> all;
  for (int i = 0; i < deepest; ++i) {
    const Node* n = g.producer_of(all ? all->x : v);
    auto inner = n != nullptr ? one_bound(g, *n) : std::nullopt;
    if (!inner || !same_shape(g, inner->x, v)) break;
    if (!all) {
      all = inner;
      continue;
    }
    // The inner bounds, moved between the outer ones.
    const auto within = [&](double c) { return std::clamp(c, all->low, all->high); };
    all = Bounded{inner->x, within(inner->low), within(inner->high), all->nodes + 1};
  }
  return all;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b)); }

double at(const Polynomial& p, Powers powers) {
  auto it = p.find(powers);
  return it == p.end() ? 0 : it->second;
}

using Match = SpelledActivation;

// n as c (q x + r between low and high) + d, or that gate times x: hard-sigmoid where it goes from
// 0 to 1.
std::optional<Match> hard(const Graph& g, const Node& n, ValueId gate_value, const Bounded& gate) {
  // Of the values that it is a gate of, hard-swish's: x + 3 is one, too.
  std::optional<Match> other;
  for (ValueId x : operands_of(g, gate.x)) {
    if (!same_shape(g, x, n.output(0))) continue;
    auto argument = polynomial(g, gate.x, x, graph::none);
    auto whole = argument ? polynomial(g, n.output(0), x, gate_value) : std::nullopt;
    if (!whole || argument->size() > 2 || at(*argument, {1, 0}) == 0) continue;
    if (argument->size() == 2 && !argument->contains({0, 0})) continue;
    const bool swish = whole->contains({1, 1});
    const double c = at(*whole, {swish ? 1 : 0, 1}), d = at(*whole, {swish ? 1 : 0, 0});
    const size_t terms = (c != 0 ? 1u : 0u) + (d != 0 ? 1u : 0u);
    const auto used = static_cast<size_t>(std::count_if(
        whole->begin(), whole->end(), [](const auto& term) { return term.second != 0; }));
    if (c == 0 || used != terms || !near(c * gate.low + d, 0) || !near(c * gate.high + d, 1)) {
      continue;
    }
    const double alpha = c * at(*argument, {1, 0}), beta = c * at(*argument, {0, 0}) + d;
    const bool usual = near(alpha, 1.0 / 6) && near(beta, 0.5);
    if (swish && usual) return Match{{"hard_swish"}, x};
    if (swish) continue;
    const Match gated{{"hard_sigmoid", static_cast<float>(alpha), static_cast<float>(beta)}, x};
    if (usual) return gated;
    if (!other) other = gated;
  }
  return other;
}

const Node* made_by(const Graph& g, ValueId v, const char* op) {
  const Node* n = g.producer_of(v);
  return n != nullptr && n->is(op) ? n : nullptr;
}

// x, where v = 1 + exp(x) or, negated, 1 + exp(-x).
ValueId one_plus_exp(const Graph& g, ValueId v, bool negated) {
  const Node* sum = made_by(g, v, "Add");
  auto operands = sum != nullptr ? with_constant(g, *sum) : std::nullopt;
  if (!operands || operands->constant->count() != 1 || operands->constant->at(0) != 1) {
    return graph::none;
  }
  const Node* power = made_by(g, operands->value, "Exp");
  if (power == nullptr || !negated) return power != nullptr ? power->input(0) : graph::none;
  const Node* minus = made_by(g, power->input(0), "Neg");
  return minus != nullptr ? minus->input(0) : graph::none;
}

// x, where v = log(1 + exp(x)).
ValueId softplus_of(const Graph& g, ValueId v) {
  const Node* whole = g.producer_of(v);
  auto act = whole != nullptr ? activation_of(g, *whole) : std::nullopt;
  if (act && act->name == "softplus") return whole->input(0);
  const Node* log = made_by(g, v, "Log");
  return log != nullptr ? one_plus_exp(g, log->input(0), false) : graph::none;
}

std::optional<Match> exponential(const Graph& g, const Node& n) {
  if (n.is("Log")) {
    const ValueId x = softplus_of(g, n.output(0));
    return x == graph::none ? std::nullopt : std::optional(Match{{"softplus"}, x});
  }
  if (n.is("Div")) {  // x / (1 + exp(-x)), 1 / (1 + exp(-x))
    const ValueId x = one_plus_exp(g, n.input(1), true);
    if (x == graph::none) return std::nullopt;
    if (n.input(0) == x) return Match{{"silu", 1, 0}, x};
    return scalar(g, n.input(0)) == 1.0 ? std::optional(Match{{"sigmoid"}, x}) : std::nullopt;
  }
  for (size_t i = 0; n.is("Mul") && i < 2; ++i) {
    const Node* gate = made_by(g, n.input(i), "Tanh");
    const ValueId x = n.input(1 - i);
    if (gate != nullptr && softplus_of(g, gate->input(0)) == x) return Match{{"mish"}, x};
  }
  return std::nullopt;
}

// Max(x, a x) for a between 0 and 1; PRelu with one slope.
std::optional<Match> leaky(const Graph& g, const Node& n) {
  if (n.is("PRelu")) {
    auto slope = scalar(g, n.input(1));
    if (!slope) return std::nullopt;
    return Match{{"leaky_relu", static_cast<float>(*slope)}, n.input(0)};
  }
  for (size_t i = 0; n.is("Max") && n.inputs.size() == 2 && i < 2; ++i) {
    const ValueId x = n.input(i);
    const Node* part = made_by(g, n.input(1 - i), "Mul");
    auto operands = part != nullptr ? with_constant(g, *part) : std::nullopt;
    if (!operands || operands->value != x || operands->constant->count() != 1) continue;
    const double a = operands->constant->at(0);
    if (a >= 0 && a <= 1) return Match{{"leaky_relu", static_cast<float>(a)}, x};
  }
  return std::nullopt;
}

std::optional<Match> clipped(const Graph& g, const Node& n) {
  auto all = bounded(g, n.output(0));
  // Not what is one node already.
  const bool spelled = all && (all->nodes > 1 || n.is("Min") || n.is("Max"));
  if (!spelled) return std::nullopt;
  const auto low = static_cast<float>(all->low), high = static_cast<float>(all->high);
  if (low == 0 && high == inf) return Match{{"relu"}, all->x};
  return Match{{"clip", low, high}, all->x};
}

bool is_arithmetic(const Node& n) {
  return (n.is("Mul") || n.is("Div") || n.is("Add") || n.is("Sub")) && n.inputs.size() == 2;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.outputs.size() != 1 || !is_f32(g, n.output(0))) return std::nullopt;
  auto found = clipped(g, n);
  if (!found) found = leaky(g, n);
  if (!found && (is_arithmetic(n) || n.is("Log"))) found = exponential(g, n);
  if (!found) found = hard_activation_of(g, n);
  if (!found || !same_shape(g, found->x, n.output(0)) || !is_f32(g, found->x)) {
    return std::nullopt;
  }
  return replace_by(g, id, *found);
}

}  // namespace

std::optional<SpelledActivation> hard_activation_of(const Graph& g, const Node& n) {
  if (!is_arithmetic(n) || !is_f32(g, n.output(0))) return std::nullopt;
  for (ValueId v : operands_of(g, n.output(0))) {
    auto gate = v == n.output(0) ? std::nullopt : bounded(g, v);
    if (!gate || !std::isfinite(gate->low) || !std::isfinite(gate->high)) continue;
    if (auto found = hard(g, n, v, *gate)) return found;
  }
  return std::nullopt;
}

extern const Pass match_activations;
const Pass match_activations{"match_activations",
                             "recognise activations that are made of others",
                             Stage::engine,
                             true,
                             propose,
                             nullptr};

}  // namespace hone::passes
