// Bounds of an expression by interval arithmetic over its canonical form.
#include <algorithm>

#include "host/graph/dim_internal.h"

namespace hone::graph {
namespace {

__extension__ using Wide = __int128;
constexpr Wide infinity = Wide(1) << 100;

// [lo, hi], either of which may be infinite. Ends that leave int64 are widened to infinite.
struct Interval {
  Wide lo = -infinity, hi = infinity;
};

Interval widen(Interval x) {
  if (x.lo < INT64_MIN || x.lo > INT64_MAX) x.lo = -infinity;
  if (x.hi < INT64_MIN || x.hi > INT64_MAX) x.hi = infinity;
  return x;
}

bool finite(Wide x) { return x > -infinity && x < infinity; }

Wide times(Wide a, Wide b) {
  if (a == 0 || b == 0) return 0;
  if (finite(a) && finite(b)) return a * b;
  return (a < 0) == (b < 0) ? infinity : -infinity;
}

Interval multiply(const Interval& a, const Interval& b) {
  const Wide p[] = {times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi)};
  return widen({*std::min_element(p, p + 4), *std::max_element(p, p + 4)});
}

Interval add(const Interval& a, const Interval& b) {
  Interval sum;
  if (finite(a.lo) && finite(b.lo)) sum.lo = a.lo + b.lo;
  if (finite(a.hi) && finite(b.hi)) sum.hi = a.hi + b.hi;
  return widen(sum);
}

Interval negate(const Interval& a) { return widen({-a.hi, -a.lo}); }

// floor(a / b) for b >= 1; infinite operands give the limit.
Wide floor_quotient(Wide a, Wide b) {
  if (!finite(a)) return a;
  if (!finite(b)) return a < 0 ? -1 : 0;
  return a / b - (a % b != 0 && a < 0);
}

// Where b >= 0 the quotient only exists for b >= 1.
Interval floor_quotient(const Interval& a, Interval b) {
  if (b.lo < 0 || b.hi < 1) return {};
  b.lo = std::max<Wide>(b.lo, 1);
  return widen({floor_quotient(a.lo, a.lo >= 0 ? b.hi : b.lo),
                floor_quotient(a.hi, a.hi >= 0 ? b.lo : b.hi)});
}

Interval modulus(const Interval& a, const Interval& b) {
  if (b.lo < 0 || b.hi < 1) return {};
  Interval r{0, b.hi - 1};
  if (a.lo >= 0) r.hi = std::min(r.hi, a.hi);
  return widen(r);
}

// What is known of symbols.
struct Known {
  int64_t symbol_min = 1;
  const Dim::Ranges* ranges = nullptr;
};

Interval interval(const Dim& d, const Known& known);

Interval interval(const Dim::Atom& atom, const Known& known) {
  if (!atom.symbol.empty()) {
    if (known.ranges != nullptr) {
      const auto it = known.ranges->find(atom.symbol);
      if (it != known.ranges->end()) return {it->second.first, it->second.second};
    }
    if (atom.symbol[0] == '?') return {};
    return {known.symbol_min, infinity};
  }
  const Interval a = interval(atom.args[0], known), b = interval(atom.args[1], known);
  switch (atom.op) {
    case Dim::Op::floor_div: return floor_quotient(a, b);
    case Dim::Op::ceil_div: return negate(floor_quotient(negate(a), b));
    case Dim::Op::mod: return modulus(a, b);
    case Dim::Op::min: return {std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
    case Dim::Op::max: return {std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
    case Dim::Op::equal:
    case Dim::Op::less: return {0, 1};
    case Dim::Op::select: {
      const Interval c = interval(atom.args[2], known);
      return {std::min(b.lo, c.lo), std::max(b.hi, c.hi)};
    }
  }
  return {};
}

Interval interval(const Dim& d, const Known& known) {
  Interval sum{0, 0};
  for (const Dim::Term& t : d.terms()) {
    Interval product{t.coefficient, t.coefficient};
    for (const auto& f : t.factors) product = multiply(product, interval(*f, known));
    sum = add(sum, product);
  }
  return sum;
}

// s*t - s has no bound term by term, but with s = 1 + s', t = 1 + t' it is s'*t' + t' >= 0.
Dim shifted(const Dim& d, int64_t symbol_min) {
  SymbolValues values;
  for (const std::string& s : d.symbols()) {
    if (s[0] != '?') values[s] = Dim::symbol(s) + symbol_min;
  }
  return d.substitute(values);
}

}  // namespace

std::optional<int64_t> Dim::lower_bound(int64_t symbol_min) const {
  if (is_const()) return value();
  Interval x = interval(*this, Known{symbol_min});
  if (!finite(x.lo) && symbol_min != 0) x = interval(shifted(*this, symbol_min), Known{0});
  if (!finite(x.lo)) return std::nullopt;
  return static_cast<int64_t>(x.lo);
}

std::optional<int64_t> Dim::upper_bound(int64_t symbol_min) const {
  if (is_const()) return value();
  Interval x = interval(*this, Known{symbol_min});
  if (!finite(x.hi) && symbol_min != 0) x = interval(shifted(*this, symbol_min), Known{0});
  if (!finite(x.hi)) return std::nullopt;
  return static_cast<int64_t>(x.hi);
}

std::optional<int64_t> Dim::upper_bound(const Ranges& ranges) const {
  if (is_const()) return value();
  const Interval x = interval(*this, Known{1, &ranges});
  if (!finite(x.hi)) return std::nullopt;
  return static_cast<int64_t>(x.hi);
}

}  // namespace hone::graph
