#include "host/passes/polynomial.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace hone::passes {

Polynomial sum(Polynomial a, const Polynomial& b, double sign) {
  for (const auto& [powers, c] : b) a[powers] += sign * c;
  return a;
}

namespace {

// GELU's deepest spelling, x g / 2 with x^3 as x * x * x, stays within both.
constexpr int deepest = 6, highest = 4;

Polynomial constant_polynomial(double c) { return {{{0, 0}, c}}; }

std::optional<double> as_constant(const Polynomial& p) {
  if (p.size() != 1 || p.begin()->first != Powers{0, 0}) return std::nullopt;
  return p.begin()->second;
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

std::optional<Polynomial> read(const Graph& g, ValueId v, ValueId x, ValueId gate, int depth) {
  if (v == x) return Polynomial{{{1, 0}, 1.0}};
  if (v == gate) return Polynomial{{{0, 1}, 1.0}};
  if (auto c = scalar(g, v)) return constant_polynomial(*c);
  const Node* n = g.producer_of(v);
  if (n == nullptr || depth == 0 || !is_arithmetic(*n)) return std::nullopt;
  auto a = read(g, n->input(0), x, gate, depth - 1);
  auto b = a ? read(g, n->input(1), x, gate, depth - 1) : std::nullopt;
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

// The values v is computed from by arithmetic, itself first.
void gather_operands(const Graph& g, ValueId v, int depth, std::set<ValueId>& seen,
                     std::vector<ValueId>& found) {
  if (v == graph::none || g.constant(v) != nullptr || !seen.insert(v).second) return;
  found.push_back(v);
  const Node* n = g.producer_of(v);
  if (n == nullptr || depth == 0 || !is_arithmetic(*n)) return;
  for (ValueId in : n->inputs) gather_operands(g, in, depth - 1, seen, found);
}

}  // namespace

std::optional<Polynomial> polynomial(const Graph& g, ValueId v, ValueId x, ValueId gate) {
  return read(g, v, x, gate, deepest);
}

bool same(const Polynomial& p, const Polynomial& wanted, double tolerance) {
  for (const auto& [powers, c] : p) {
    auto w = wanted.find(powers);
    double target = w == wanted.end() ? 0 : w->second;
    if (!(std::abs(c - target) <= tolerance * std::max(std::abs(target), 1e-3))) return false;
  }
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& term) { return p.contains(term.first); });
}

std::vector<ValueId> operands_of(const Graph& g, ValueId v) {
  std::set<ValueId> seen;
  std::vector<ValueId> found;
  gather_operands(g, v, deepest, seen, found);
  return found;
}

}  // namespace hone::passes
