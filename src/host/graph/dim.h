// Dim: a dimension as an integer expression over named symbols, kept in one canonical form so that
// equal expressions compare equal: a polynomial with integer coefficients over symbols and opaque
// terms (floor_div, mod, min, max, ... of other Dims).
//
// Symbols stand for sizes: integers >= 0; one whose name starts with '?' may be any integer.
// Overflow while building, and expressions too large to be worth keeping, give an opaque unknown
// symbol ("?" and a hash of the expression), never a wrong constant.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::graph {

class Dim;
using SymbolValues = std::map<std::string, Dim>;

class Dim {
 public:
  // Functions that a polynomial cannot hold. The same meaning as wire::DimOp's.
  enum class Op : uint8_t { floor_div, ceil_div, mod, min, max, equal, less, select };

  Dim() : Dim(0) {}
  Dim(int64_t value);
  static Dim symbol(std::string name);
  // select: condition ? a : b (args = condition, a, b); others take (a, b). Simplifies.
  static Dim apply(Op op, std::vector<Dim> args);

  bool is_const() const;
  int64_t value() const;                         // is_const()
  std::optional<int64_t> const_value() const;
  bool is_symbol() const;                        // exactly one symbol, nothing else
  const std::string& symbol_name() const;        // is_symbol()
  std::set<std::string> symbols() const;         // all that occur, inside opaque terms too

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend Dim floor_div(const Dim& a, const Dim& b) { return apply(Op::floor_div, {a, b}); }
  friend Dim ceil_div(const Dim& a, const Dim& b) { return apply(Op::ceil_div, {a, b}); }
  friend Dim mod(const Dim& a, const Dim& b) { return apply(Op::mod, {a, b}); }
  friend Dim min(const Dim& a, const Dim& b) { return apply(Op::min, {a, b}); }
  friend Dim max(const Dim& a, const Dim& b) { return apply(Op::max, {a, b}); }

  // Provably equal for all sizes. False may mean "not known".
  friend bool operator==(const Dim& a, const Dim& b);
  // Order of the canonical forms, for containers; no numeric meaning.
  friend bool operator<(const Dim& a, const Dim& b);

  // Bounds valid for all symbols >= `symbol_min`; nullopt: unbounded or unknown.
  std::optional<int64_t> lower_bound(int64_t symbol_min = 1) const;
  std::optional<int64_t> upper_bound(int64_t symbol_min = 1) const;
  // The same for symbols within these ranges (both ends included); others are >= 1.
  using Ranges = std::map<std::string, std::pair<int64_t, int64_t>>;
  std::optional<int64_t> upper_bound(const Ranges& ranges) const;

  // a / b where b divides a exactly as polynomials (8*s / 4 = 2*s; s*t / s = t); else nullopt.
  friend std::optional<Dim> exact_div(const Dim& a, const Dim& b);

  Dim substitute(const SymbolValues& values) const;
  // nullopt where a symbol has no value, or at overflow or division by zero.
  std::optional<int64_t> evaluate(const std::map<std::string, int64_t>& values) const;

  // "3", "batch", "2*s + 1", "floor_div(s + 1, 2)"; parse() reads exactly what to_string() writes.
  // Symbols that are not identifiers are written in double quotes.
  friend std::string to_string(const Dim& d);
  static Result<Dim> parse(std::string_view text);

  // --- for printers that emit programs: the canonical form, term by term -----------------------
  struct Atom;                                    // a symbol, or an Op with its args
  struct Term {
    int64_t coefficient;
    std::vector<std::shared_ptr<const Atom>> factors;  // product; empty: the constant term
  };
  struct Atom {
    std::string symbol;                           // empty: an operation
    Op op = Op::floor_div;
    std::vector<Dim> args;
    int32_t weight = 1;                           // atoms and terms of the whole tree
    int32_t depth = 0;                            // operations inside operations
  };
  const std::vector<Term>& terms() const { return *terms_; }  // sum; empty: 0

 private:
  friend struct DimAccess;                        // the folder's own dim_*.cc
  explicit Dim(std::vector<Term> canonical);
  std::shared_ptr<const std::vector<Term>> terms_;
};

using SymShape = std::vector<Dim>;
std::string to_string(const SymShape& shape);      // "[batch,3,224,224]"
Dim product(const SymShape& shape, size_t from, size_t to);
bool all_const(const SymShape& shape);
std::vector<int64_t> const_dims(const SymShape& shape);  // all_const()

}  // namespace hone::graph
