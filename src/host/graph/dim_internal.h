// What dim.cc, dim_ops.cc, dim_bounds.cc and dim_text.cc share. Nobody else includes this.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/dim.h"

namespace hone::graph {

// Terms that are already canonical: sorted, no like terms, no zero coefficients.
struct DimAccess {
  static Dim make(std::vector<Dim::Term> canonical) { return Dim(std::move(canonical)); }
};

namespace detail {

using Atom = Dim::Atom;
using Term = Dim::Term;
using AtomPtr = std::shared_ptr<const Atom>;
using Factors = std::vector<AtomPtr>;

// Above these an expression becomes opaque: nothing gained is worth time without bound.
constexpr int32_t max_weight = 1000, max_depth = 24;
constexpr size_t max_terms = 128;

// Order of the canonical form; negative, 0, positive. Factors: higher degree first, then by atom,
// which makes it a monomial order (graded lexicographic), as polynomial division needs.
int compare(const Atom& a, const Atom& b);
int compare(const Factors& a, const Factors& b);
int compare(const Dim& a, const Dim& b);

int32_t weight(const Dim& d);
int32_t depth(const Dim& d);

// Sums and products; nullopt at overflow or where the result is too large to keep.
std::optional<Dim> add(const Dim& a, const Dim& b, int64_t scale_b);
std::optional<Dim> multiply(const Dim& a, const Dim& b);
// `a` without the factors of `b`; nullopt where b has a factor that a lacks.
std::optional<Factors> divide(const Factors& a, const Factors& b);

// The operation as it is, without simplification.
Dim make_atom(Dim::Op op, std::vector<Dim> args);
// A symbol of which nothing is known, the same one for the same expression.
Dim opaque(std::string_view what, const std::vector<Dim>& args);

// What one operation gives on numbers; nullopt at overflow and division by zero.
std::optional<int64_t> evaluate(Dim::Op op, const int64_t* args);

const char* name(Dim::Op op);
int arity(Dim::Op op);

}  // namespace detail
}  // namespace hone::graph
