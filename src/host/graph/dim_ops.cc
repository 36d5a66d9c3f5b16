// Canonical forms of the operations that a polynomial cannot hold. Every rule holds for all values
// for which the operation is defined, symbols >= 0; what no rule decides stays as it is.
#include <algorithm>
#include <cassert>
#include <numeric>

#include "common/base/checked.h"
#include "common/base/hash.h"
#include "host/graph/dim_internal.h"

namespace hone::graph {
namespace detail {

const char* name(Dim::Op op) {
  constexpr const char* names[] = {"floor_div", "ceil_div", "mod",  "min",
                                   "max",       "equal",    "less", "select"};
  return names[static_cast<int>(op)];
}
int arity(Dim::Op op) { return op == Dim::Op::select ? 3 : 2; }

Dim opaque(std::string_view what, const std::vector<Dim>& args) {
  std::string text(what);
  for (const Dim& a : args) text += "," + to_string(a);
  const uint64_t hash = hash64(std::as_bytes(std::span(text.data(), text.size())));
  constexpr char digits[] = "0123456789abcdef";
  std::string symbol = "?";
  for (int shift = 60; shift >= 0; shift -= 4) symbol += digits[(hash >> shift) & 15];
  return Dim::symbol(std::move(symbol));
}

Dim make_atom(Dim::Op op, std::vector<Dim> args) {
  auto atom = std::make_shared<Atom>();
  atom->op = op;
  for (const Dim& a : args) {
    atom->weight += weight(a);
    atom->depth = std::max(atom->depth, depth(a) + 1);
  }
  if (atom->weight >= max_weight || atom->depth > max_depth) return opaque(name(op), args);
  atom->args = std::move(args);
  return DimAccess::make({{1, {std::move(atom)}}});
}

std::optional<int64_t> evaluate(Dim::Op op, const int64_t* x) {
  const int64_t a = x[0], b = x[1];
  switch (op) {
    case Dim::Op::floor_div:
    case Dim::Op::ceil_div:
    case Dim::Op::mod: {
      if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
      const int64_t floor = hone::floor_div(a, b);
      if (op == Dim::Op::floor_div) return floor;
      const int64_t rest = a % b;
      if (op == Dim::Op::ceil_div) return floor + (rest != 0);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    case Dim::Op::min: return std::min(a, b);
    case Dim::Op::max: return std::max(a, b);
    case Dim::Op::equal: return a == b;
    case Dim::Op::less: return a < b;
    case Dim::Op::select: return a != 0 ? b : x[2];
  }
  return std::nullopt;
}

}  // namespace detail

namespace {

using detail::Factors;
using detail::make_atom;
using detail::Term;
using Op = Dim::Op;

bool at_least(const Dim& d, int64_t bound) {
  const auto lo = d.lower_bound(0);
  return lo && *lo >= bound;
}
bool at_most(const Dim& d, int64_t bound) {
  const auto hi = d.upper_bound(0);
  return hi && *hi <= bound;
}
// 0 <= a < b for all sizes.
bool is_remainder(const Dim& a, const Dim& b) { return at_least(a, 0) && at_least(b - a, 1); }

// a = divisor * quotient + rest, the coefficients of rest in [0, divisor); divisor > 0.
struct Split {
  Dim quotient, rest;
};
Split split(const Dim& a, int64_t divisor) {
  std::vector<Term> quotient, rest;
  for (const Term& t : a.terms()) {
    const int64_t q = floor_div(t.coefficient, divisor);
    // Not the coefficient less q * divisor: that product may lie below the smallest number.
    int64_t r = t.coefficient % divisor;
    if (r < 0) r += divisor;
    if (q != 0) quotient.push_back({q, t.factors});
    if (r != 0) rest.push_back({r, t.factors});
  }
  return {DimAccess::make(std::move(quotient)), DimAccess::make(std::move(rest))};
}

// Greatest common divisor of the coefficients, the constant term's left out on demand; 0 for none.
uint64_t gcd_of(const Dim& d, bool with_constant) {
  uint64_t g = 0;
  for (const Term& t : d.terms()) {
    if (t.factors.empty() && !with_constant) continue;
    const uint64_t c = static_cast<uint64_t>(t.coefficient);
    g = std::gcd(g, t.coefficient < 0 ? 0 - c : c);
  }
  return g;
}

Dim floor_coefficients(const Dim& d, int64_t divisor) {
  std::vector<Term> terms;
  for (const Term& t : d.terms()) {
    const int64_t c = floor_div(t.coefficient, divisor);
    if (c != 0) terms.push_back({c, t.factors});
  }
  return DimAccess::make(std::move(terms));
}

// The only term floor_div(x, e), e a constant > 0, with coefficient 1; nullptr: none or several.
const Dim::Atom* inner_division(const Dim& d) {
  const Dim::Atom* found = nullptr;
  for (const Term& t : d.terms()) {
    if (t.coefficient != 1 || t.factors.size() != 1) continue;
    const Dim::Atom& f = *t.factors[0];
    if (!f.symbol.empty() || f.op != Op::floor_div) continue;
    if (!f.args[1].is_const() || f.args[1].value() <= 0) continue;
    if (found != nullptr) return nullptr;
    found = &f;
  }
  return found;
}

Dim divide_by_constant(const Dim& a, int64_t divisor) {
  if (divisor == 0 || divisor == INT64_MIN) return make_atom(Op::floor_div, {a, divisor});
  if (divisor < 0) return divide_by_constant(Dim(0) - a, -divisor);
  auto [quotient, rest] = split(a, divisor);
  // (g*x + c) / (g*e) = (x + floor(c / g)) / e.
  if (const uint64_t g = std::gcd(gcd_of(rest, false), static_cast<uint64_t>(divisor)); g > 1) {
    rest = floor_coefficients(rest, static_cast<int64_t>(g));
    divisor /= static_cast<int64_t>(g);
  }
  if (is_remainder(rest, divisor)) return quotient;
  // floor((floor(x / e) + p) / d) = floor((x + p*e) / (e*d)).
  if (const Dim::Atom* inner = inner_division(rest)) {
    const Dim e = inner->args[1];
    int64_t both;
    const Dim term = make_atom(Op::floor_div, inner->args);
    if (!mul_overflows(e.value(), divisor, &both)) {
      return quotient + divide_by_constant(inner->args[0] + (rest - term) * e, both);
    }
  }
  return quotient + make_atom(Op::floor_div, {rest, divisor});
}

// The parts of `a` that the single term `b` divides go to *quotient; returns the rest.
Dim extract_multiples(const Dim& a, const Term& b, Dim* quotient) {
  std::vector<Term> rest;
  for (const Term& t : a.terms()) {
    const bool divisible = t.coefficient % b.coefficient == 0;
    const auto factors = divisible ? detail::divide(t.factors, b.factors) : std::nullopt;
    if (factors) {
      *quotient = *quotient + DimAccess::make({{t.coefficient / b.coefficient, *factors}});
    } else {
      rest.push_back(t);
    }
  }
  return DimAccess::make(std::move(rest));
}

Dim simplify_floor_div(const Dim& a, const Dim& b) {
  if (b.is_const()) return divide_by_constant(a, b.value());
  if (auto exact = exact_div(a, b)) return *exact;
  Dim quotient = 0, rest = a;
  if (b.terms().size() == 1 && b.terms()[0].coefficient > 0) {
    rest = extract_multiples(a, b.terms()[0], &quotient);
  }
  if (is_remainder(rest, b)) return quotient;
  return quotient + make_atom(Op::floor_div, {rest, b});
}

Dim simplify_ceil_div(const Dim& a, const Dim& b) {
  if (b.is_const() && b.value() > 0) return divide_by_constant(a + (b - 1), b.value());
  if (b.is_const() && b.value() < 0 && b.value() != INT64_MIN) {
    return Dim(0) - divide_by_constant(a, -b.value());
  }
  if (auto exact = exact_div(a, b)) return *exact;
  return make_atom(Op::ceil_div, {a, b});
}

Dim simplify_mod(const Dim& a, const Dim& b) {
  if (!b.is_const()) {
    if (exact_div(a, b)) return 0;
    return is_remainder(a, b) ? a : make_atom(Op::mod, {a, b});
  }
  const int64_t divisor = b.value();
  if (divisor == 0 || divisor == INT64_MIN) return make_atom(Op::mod, {a, b});
  if (divisor < 0) return Dim(0) - simplify_mod(Dim(0) - a, -divisor);
  const Dim rest = split(a, divisor).rest;
  if (is_remainder(rest, b)) return rest;
  const uint64_t g = std::gcd(gcd_of(rest, true), static_cast<uint64_t>(divisor));
  if (g == 1) return make_atom(Op::mod, {rest, b});
  const auto factor = static_cast<int64_t>(g);
  return simplify_mod(floor_coefficients(rest, factor), divisor / factor) * factor;
}

// Which of min(a, x) and max(a, x) `d` is, if it is one.
std::optional<Op> extreme_with(const Dim& d, const Dim& a) {
  if (d.terms().size() != 1 || d.terms()[0].coefficient != 1) return std::nullopt;
  if (d.terms()[0].factors.size() != 1) return std::nullopt;
  const Dim::Atom& atom = *d.terms()[0].factors[0];
  const bool extreme = atom.symbol.empty() && (atom.op == Op::min || atom.op == Op::max);
  if (!extreme || !(atom.args[0] == a || atom.args[1] == a)) return std::nullopt;
  return atom.op;
}

// d is floor(a/k) with k >= 1, and a is not negative: d <= a.
bool is_part_of(const Dim& d, const Dim& a) {
  if (d.terms().size() != 1 || d.terms()[0].coefficient != 1) return false;
  if (d.terms()[0].factors.size() != 1) return false;
  const Dim::Atom& atom = *d.terms()[0].factors[0];
  const bool quotient = atom.symbol.empty() && atom.op == Op::floor_div;
  return quotient && atom.args[0] == a && at_least(atom.args[1], 1) && at_least(a, 0);
}

Dim simplify_extreme(Op op, const Dim& a, const Dim& b) {
  // max(a, min(a, x)) = a, max(a, max(a, x)) = max(a, x), and the other way about.
  if (auto inner = extreme_with(b, a)) return *inner == op ? b : a;
  if (auto inner = extreme_with(a, b)) return *inner == op ? a : b;
  const bool smaller = op == Op::min;
  if (is_part_of(b, a)) return smaller ? b : a;
  if (is_part_of(a, b)) return smaller ? a : b;
  const Dim difference = a - b;
  if (at_least(difference, 0)) return smaller ? b : a;
  if (at_most(difference, 0)) return smaller ? a : b;
  // What the arithmetic could not show: nothing lies beyond the ends of the type.
  const int64_t neutral = smaller ? INT64_MAX : INT64_MIN;
  if (a.is_const() && a.value() == neutral) return b;
  if (b.is_const() && b.value() == neutral) return a;
  return make_atom(op, a < b ? std::vector{a, b} : std::vector{b, a});
}

// d = positive - negative, both with positive coefficients; nullopt where that overflows.
struct Sides {
  Dim positive, negative;
};
std::optional<Sides> sides(const Dim& d) {
  std::vector<Term> positive, negative;
  for (const Term& t : d.terms()) {
    if (t.coefficient == INT64_MIN) return std::nullopt;
    if (t.coefficient > 0) positive.push_back(t);
    if (t.coefficient < 0) negative.push_back({-t.coefficient, t.factors});
  }
  return Sides{DimAccess::make(std::move(positive)), DimAccess::make(std::move(negative))};
}

Dim simplify_equal(const Dim& a, const Dim& b) {
  auto difference = detail::add(a, b, -1);
  if (!difference) return make_atom(Op::equal, a < b ? std::vector{a, b} : std::vector{b, a});
  if (at_least(*difference, 1) || at_most(*difference, -1)) return 0;
  if (difference->is_const()) return 1;
  const uint64_t g = gcd_of(*difference, false), all = gcd_of(*difference, true);
  if (g != all) return 0;  // g*x = c has no solution
  if (g > 1 && g <= INT64_MAX) {
    difference = floor_coefficients(*difference, static_cast<int64_t>(g));
  }
  const auto s = sides(*difference);
  if (!s) return make_atom(Op::equal, {*difference, 0});
  const auto& [x, y] = *s;
  return make_atom(Op::equal, x < y ? std::vector{x, y} : std::vector{y, x});
}

Dim simplify_less(const Dim& a, const Dim& b) {
  auto difference = detail::add(b, a, -1);
  if (!difference) return make_atom(Op::less, {a, b});
  if (at_least(*difference, 1)) return 1;
  if (at_most(*difference, 0)) return 0;
  const uint64_t g = gcd_of(*difference, true);
  if (g > 1 && g <= INT64_MAX) {
    difference = floor_coefficients(*difference, static_cast<int64_t>(g));
  }
  const auto s = sides(*difference);
  if (!s) return make_atom(Op::less, {0, *difference});
  return make_atom(Op::less, {s->negative, s->positive});
}

Dim simplify_select(const Dim& condition, const Dim& a, const Dim& b) {
  if (a == b || at_least(condition, 1) || at_most(condition, -1)) return a;
  if (condition.is_const()) return b;  // 0
  return make_atom(Op::select, {condition, a, b});
}

}  // namespace

Dim Dim::apply(Op op, std::vector<Dim> args) {
  assert(static_cast<int>(args.size()) == detail::arity(op));
  const Dim &a = args[0], &b = args[1];
  if (op != Op::select && a.is_const() && b.is_const()) {
    const int64_t x[] = {a.value(), b.value()};
    if (auto known = detail::evaluate(op, x)) return *known;
  }
  switch (op) {
    case Op::floor_div: return simplify_floor_div(a, b);
    case Op::ceil_div: return simplify_ceil_div(a, b);
    case Op::mod: return simplify_mod(a, b);
    case Op::min:
    case Op::max: return simplify_extreme(op, a, b);
    case Op::equal: return simplify_equal(a, b);
    case Op::less: return simplify_less(a, b);
    case Op::select: return simplify_select(a, b, args[2]);
  }
  return 0;
}

}  // namespace hone::graph
