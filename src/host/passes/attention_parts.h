// What match_attention finds around a Softmax: the product of queries and keys before it, what is
// done to the scores in between, and the operands in the forms that the exporters give them.
#pragma once

#include <optional>
#include <vector>

#include "host/passes/permute.h"

namespace hone::passes {

// The same elements as `value` transposed by `perm` (empty: as it is) times `scale`, as
// [..., steps, size]. Forms of one operand differ in how many dimensions stand before.
struct Form {
  ValueId value;
  Permutation perm;
  double scale = 1;
  graph::SymShape shape;  // transposed
};

// Queries or values: v itself, and what lies before Reshapes that regroup the dimensions before
// the last two, and before scalings.
std::vector<Form> forms_of(const Graph& g, ValueId v);
// Keys, of v as [..., size, steps].
std::vector<Form> forms_of_transposed(const Graph& g, ValueId v);

// Added to the scores (f32), or chosen by (bool): where `keep` is not what the mask says, the score
// becomes `fill`.
struct MaskPart {
  ValueId value;
  bool chosen = false, keep = true;
  double fill = 0;
  graph::SymShape scores{};  // their shape there
  bool divides = false;      // a factor
};

struct Scores {
  ValueId q = graph::none, k_transposed = graph::none;
  double scale = 1;
  std::vector<MaskPart> factors;  // of all scores of a head alike: [..., 1, 1]
  std::vector<MaskPart> masks;
  std::vector<graph::SymShape> shapes;  // that the scores have on the way, the product's first
  std::vector<graph::NodeId> nodes;     // from the softmax's operand to the product
};

// Where `v` is scores of that kind, each step on the way read by the next alone (or asked for its
// size, to expand a mask).
std::optional<Scores> scores_of(const Graph& g, ValueId v, graph::BlockId block);

// The Softmax over the last dimension that `v` is, through a Reshape that regroups and the guard
// that makes rows of NaN 0; nullptr: something else, or read elsewhere.
const Node* softmax_of(const Graph& g, ValueId v);

// A Reshape that keeps the last two dimensions.
bool regroups(const Graph& g, const Node& n);
// Of `rank` dimensions the last two in the other order.
Permutation last_two_swapped(size_t rank);
// All but the last two dimensions.
graph::SymShape lead(const graph::SymShape& shape);

}  // namespace hone::passes
