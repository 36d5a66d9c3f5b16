// Operators that compute the same in any order of the dimensions: what has to change in a node
// when its operands come with their dimensions permuted.
#pragma once

#include <optional>
#include <vector>

#include "host/passes/match.h"

namespace hone::passes {

// perm as Transpose has it: dimension i of the result is dimension perm[i] of the operand.
using Permutation = std::vector<int64_t>;

Permutation inverse(const Permutation& perm);
// What Transpose by `first`, then by `second`, is.
Permutation after(const Permutation& first, const Permutation& second);
bool is_identity(const Permutation& perm);
// A Transpose's, with the default filled in; empty where the rank is unknown.
Permutation permutation_of(const Graph& g, const Node& transpose);
// `t` with dimensions of size 1 put before its own until it has perm's rank, then transposed.
Tensor transposed(const Tensor& t, const Permutation& perm);

struct Operand {
  size_t index;
  enum class Kind { permuted, kept, constant } kind;  // constant: to be given as transposed()
};

// A node whose operands of kind `permuted` are given as they were before a Transpose by perm, and
// whose outputs then come out so, too: Transpose(made(x), perm) = node(Transpose(x, perm)).
struct Permuted {
  Node node;                                     // attributes changed; inputs still the node's
  std::vector<Operand> operands;                 // of all inputs that are present
  std::vector<std::pair<size_t, Tensor>> lists;  // inputs (axes, pads, ...) with new constants
  bool keeps_output = false;  // a reduction whose result is the same: nothing to transpose
};
std::optional<Permuted> permute(const Graph& g, const Node& n, const Permutation& perm);

}  // namespace hone::passes
