#include "host/graph/dim.h"

#include <algorithm>
#include <cassert>

#include "common/base/checked.h"
#include "host/graph/dim_internal.h"

namespace hone::graph {
namespace detail {

int compare(const Atom& a, const Atom& b) {
  if (&a == &b) return 0;
  if (a.symbol.empty() != b.symbol.empty()) return a.symbol.empty() ? 1 : -1;
  if (!a.symbol.empty()) return a.symbol.compare(b.symbol);
  if (a.op != b.op) return a.op < b.op ? -1 : 1;
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (int c = compare(a.args[i], b.args[i]); c != 0) return c;
  }
  return 0;
}

int compare(const Factors& a, const Factors& b) {
  if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (int c = compare(*a[i], *b[i]); c != 0) return c;
  }
  return 0;
}

int compare(const Dim& a, const Dim& b) {
  const auto& x = a.terms();
  const auto& y = b.terms();
  if (&x == &y) return 0;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (int c = compare(x[i].factors, y[i].factors); c != 0) return c;
    if (x[i].coefficient != y[i].coefficient) {
      return x[i].coefficient < y[i].coefficient ? -1 : 1;
    }
  }
  return x.size() == y.size() ? 0 : x.size() < y.size() ? -1 : 1;
}

int32_t weight(const Dim& d) {
  int32_t sum = 0;
  for (const Term& t : d.terms()) {
    ++sum;
    for (const AtomPtr& f : t.factors) sum += f->weight;
  }
  return sum;
}

int32_t depth(const Dim& d) {
  int32_t most = 0;
  for (const Term& t : d.terms()) {
    for (const AtomPtr& f : t.factors) most = std::max(most, f->depth);
  }
  return most;
}

static bool too_large(const std::vector<Term>& terms) {
  if (terms.size() > max_terms) return true;
  int64_t sum = 0;
  for (const Term& t : terms) {
    ++sum;
    for (const AtomPtr& f : t.factors) sum += f->weight;
  }
  return sum > max_weight;
}

std::optional<Dim> add(const Dim& a, const Dim& b, int64_t scale_b) {
  const auto& x = a.terms();
  const auto& y = b.terms();
  std::vector<Term> sum;
  sum.reserve(x.size() + y.size());
  size_t i = 0, j = 0;
  while (i < x.size() || j < y.size()) {
    const int c = i == x.size()   ? 1
                  : j == y.size() ? -1
                                  : compare(x[i].factors, y[j].factors);
    if (c < 0) {
      sum.push_back(x[i++]);
      continue;
    }
    int64_t coefficient;
    if (mul_overflows(y[j].coefficient, scale_b, &coefficient)) return std::nullopt;
    if (c == 0 && add_overflows(coefficient, x[i++].coefficient, &coefficient)) {
      return std::nullopt;
    }
    if (coefficient != 0) sum.push_back({coefficient, y[j].factors});
    ++j;
  }
  if (too_large(sum)) return std::nullopt;
  return DimAccess::make(std::move(sum));
}

std::optional<Dim> multiply(const Dim& a, const Dim& b) {
  if (a.terms().size() * b.terms().size() > 4 * max_terms) return std::nullopt;
  std::vector<Term> products;
  for (const Term& x : a.terms()) {
    for (const Term& y : b.terms()) {
      Term t;
      if (mul_overflows(x.coefficient, y.coefficient, &t.coefficient)) return std::nullopt;
      t.factors.reserve(x.factors.size() + y.factors.size());
      std::merge(x.factors.begin(), x.factors.end(), y.factors.begin(), y.factors.end(),
                 std::back_inserter(t.factors),
                 [](const AtomPtr& p, const AtomPtr& q) { return compare(*p, *q) < 0; });
      products.push_back(std::move(t));
    }
  }
  std::sort(products.begin(), products.end(), [](const Term& p, const Term& q) {
    return compare(p.factors, q.factors) < 0;
  });
  std::vector<Term> sum;
  for (Term& t : products) {
    if (sum.empty() || compare(sum.back().factors, t.factors) != 0) {
      sum.push_back(std::move(t));
    } else if (add_overflows(sum.back().coefficient, t.coefficient, &sum.back().coefficient)) {
      return std::nullopt;
    }
  }
  std::erase_if(sum, [](const Term& t) { return t.coefficient == 0; });
  if (too_large(sum)) return std::nullopt;
  return DimAccess::make(std::move(sum));
}

std::optional<Factors> divide(const Factors& a, const Factors& b) {
  Factors rest;
  size_t j = 0;
  for (const AtomPtr& f : a) {
    if (j < b.size() && compare(*f, *b[j]) == 0) {
      ++j;
    } else {
      rest.push_back(f);
    }
  }
  if (j != b.size()) return std::nullopt;
  return rest;
}

}  // namespace detail

using detail::AtomPtr;

Dim::Dim(std::vector<Term> canonical)
    : terms_(std::make_shared<const std::vector<Term>>(std::move(canonical))) {}

Dim::Dim(int64_t value) {
  static const auto zero = std::make_shared<const std::vector<Term>>();
  static const auto one = std::make_shared<const std::vector<Term>>(1, Term{1, {}});
  if (value == 0) {
    terms_ = zero;
  } else if (value == 1) {
    terms_ = one;
  } else {
    terms_ = std::make_shared<const std::vector<Term>>(1, Term{value, {}});
  }
}

Dim Dim::symbol(std::string name) {
  if (name.empty()) name = "?";
  auto atom = std::make_shared<Atom>();
  atom->symbol = std::move(name);
  return Dim(std::vector<Term>{Term{1, {std::move(atom)}}});
}

bool Dim::is_const() const {
  return terms_->empty() || (terms_->size() == 1 && terms_->front().factors.empty());
}
int64_t Dim::value() const {
  assert(is_const());
  return terms_->empty() ? 0 : terms_->front().coefficient;
}
std::optional<int64_t> Dim::const_value() const {
  if (!is_const()) return std::nullopt;
  return value();
}
bool Dim::is_symbol() const {
  if (terms_->size() != 1) return false;
  const Term& t = terms_->front();
  return t.coefficient == 1 && t.factors.size() == 1 && !t.factors[0]->symbol.empty();
}
const std::string& Dim::symbol_name() const {
  assert(is_symbol());
  return terms_->front().factors[0]->symbol;
}

static void collect_symbols(const Dim& d, std::set<std::string>* out) {
  for (const Dim::Term& t : d.terms()) {
    for (const AtomPtr& f : t.factors) {
      if (!f->symbol.empty()) out->insert(f->symbol);
      for (const Dim& arg : f->args) collect_symbols(arg, out);
    }
  }
}
std::set<std::string> Dim::symbols() const {
  std::set<std::string> out;
  collect_symbols(*this, &out);
  return out;
}

Dim operator+(const Dim& a, const Dim& b) {
  auto sum = detail::add(a, b, 1);
  return sum ? *std::move(sum) : detail::opaque("+", a < b ? std::vector{a, b} : std::vector{b, a});
}
Dim operator-(const Dim& a, const Dim& b) {
  auto sum = detail::add(a, b, -1);
  return sum ? *std::move(sum) : detail::opaque("-", {a, b});
}
Dim operator*(const Dim& a, const Dim& b) {
  auto product = detail::multiply(a, b);
  return product ? *std::move(product)
                 : detail::opaque("*", a < b ? std::vector{a, b} : std::vector{b, a});
}

bool operator==(const Dim& a, const Dim& b) { return detail::compare(a, b) == 0; }
bool operator<(const Dim& a, const Dim& b) { return detail::compare(a, b) < 0; }

// Long division; the leading term is the first of the canonical form.
std::optional<Dim> exact_div(const Dim& a, const Dim& b) {
  if (b.terms().empty()) return std::nullopt;
  const Dim::Term& lead = b.terms().front();
  Dim rest = a, quotient = 0;
  for (size_t step = 0; step <= detail::max_terms; ++step) {
    if (rest.terms().empty()) return quotient;
    const Dim::Term& t = rest.terms().front();
    const bool overflows = lead.coefficient == -1 && t.coefficient == INT64_MIN;
    if (overflows || t.coefficient % lead.coefficient != 0) return std::nullopt;
    auto factors = detail::divide(t.factors, lead.factors);
    if (!factors) return std::nullopt;
    const Dim part = DimAccess::make({{t.coefficient / lead.coefficient, *std::move(factors)}});
    auto product = detail::multiply(part, b);
    if (!product) return std::nullopt;
    auto next = detail::add(rest, *product, -1);
    auto sum = detail::add(quotient, part, 1);
    if (!next || !sum) return std::nullopt;
    rest = *std::move(next);
    quotient = *std::move(sum);
  }
  return std::nullopt;
}

Dim Dim::substitute(const SymbolValues& values) const {
  if (values.empty()) return *this;
  Dim sum = 0;
  for (const Term& t : *terms_) {
    Dim product = t.coefficient;
    for (const AtomPtr& f : t.factors) {
      if (f->symbol.empty()) {
        std::vector<Dim> args;
        for (const Dim& arg : f->args) args.push_back(arg.substitute(values));
        product = product * apply(f->op, std::move(args));
      } else if (auto it = values.find(f->symbol); it != values.end()) {
        product = product * it->second;
      } else {
        product = product * DimAccess::make({{1, {f}}});
      }
    }
    sum = sum + product;
  }
  return sum;
}

std::optional<int64_t> Dim::evaluate(const std::map<std::string, int64_t>& values) const {
  int64_t sum = 0;
  for (const Term& t : *terms_) {
    int64_t product = t.coefficient;
    for (const AtomPtr& f : t.factors) {
      std::optional<int64_t> x;
      if (f->symbol.empty()) {
        int64_t args[3] = {};
        for (size_t i = 0; i < f->args.size(); ++i) {
          auto arg = f->args[i].evaluate(values);
          if (!arg) return std::nullopt;
          args[i] = *arg;
        }
        x = detail::evaluate(f->op, args);
      } else if (auto it = values.find(f->symbol); it != values.end()) {
        x = it->second;
      }
      if (!x || mul_overflows(product, *x, &product)) return std::nullopt;
    }
    if (add_overflows(sum, product, &sum)) return std::nullopt;
  }
  return sum;
}

Dim product(const SymShape& shape, size_t from, size_t to) {
  Dim p = 1;
  for (size_t i = from; i < to; ++i) p = p * shape[i];
  return p;
}
bool all_const(const SymShape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& d) { return d.is_const(); });
}
std::vector<int64_t> const_dims(const SymShape& shape) {
  std::vector<int64_t> dims;
  for (const Dim& d : shape) dims.push_back(d.value());
  return dims;
}

}  // namespace hone::graph
