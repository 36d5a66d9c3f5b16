// Arithmetic between a value and a function of it (its gate), read as a polynomial in both:
// exporters spell activations in many orders of factors.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "host/passes/match.h"

namespace hone::passes {

// Sum of coefficient * x^i * gate^j by {i, j}.
using Powers = std::pair<int, int>;
using Polynomial = std::map<Powers, double>;

// v as a polynomial in x and gate (none: there is no gate). nullopt: it is something else.
std::optional<Polynomial> polynomial(const Graph& g, ValueId v, ValueId x, ValueId gate);

Polynomial sum(Polynomial a, const Polynomial& b, double sign);

// Spellings round their constants, some to three digits (0.044715 is one of those itself).
bool same(const Polynomial& p, const Polynomial& wanted, double tolerance);

// The values v is computed from by arithmetic, itself first.
std::vector<ValueId> operands_of(const Graph& g, ValueId v);

}  // namespace hone::passes
