// reshape_channels_last: exporters turn tokens [n, l, c] into a picture by Transpose and Reshape,
// and a picture into tokens by Reshape and Transpose. With the Reshape on the side of the tokens
// the Transpose is between [n, h, w, c] and [n, c, h, w]: nothing is moved where the picture is
// stored channels last.

#include "host/passes/attention_mask.h"
#include "host/passes/permute.h"

namespace hone::passes {

namespace {

using graph::SymShape;

const Permutation swapped = {0, 2, 1}, to_second = {0, 3, 1, 2}, to_last = {0, 2, 3, 1};

ValueId transposed(ValueId v, const Permutation& perm, NodeId origin, Patch* p) {
  Node t;
  t.op = "Transpose";
  t.inputs = {v};
  t.attributes.set("perm", perm);
  return p->add(std::move(t), {origin});
}

const SymShape* shape_of(const Graph& g, ValueId v, size_t rank) {
  const auto& shape = g.fact(v).shape;
  return shape && shape->size() == rank ? &*shape : nullptr;
}

// `flat` is `picture` with height and width as one.
bool flattens(const SymShape& picture, const SymShape& flat) {
  return picture[0] == flat[0] && picture[1] == flat[1] && picture[2] * picture[3] == flat[2];
}

// Transpose, then Reshape.
std::optional<Patch> to_picture(const Graph& g, NodeId id) {
  const Node& reshape = g.node(id);
  const Node* turn = g.producer_of(reshape.input(0));
  if (turn == nullptr || !turn->is("Transpose") || turn->block != reshape.block) return {};
  const SymShape *flat = shape_of(g, reshape.input(0), 3),
                 *picture = shape_of(g, reshape.output(0), 4);
  if (flat == nullptr || picture == nullptr || !flattens(*picture, *flat)) return std::nullopt;
  if (permutation_of(g, *turn) != swapped || !g.single_use(reshape.input(0))) return std::nullopt;
  Patch p(g, id);
  const NodeId turn_id = g.value(reshape.input(0)).producer;
  const SymShape& s = *picture;
  const ValueId apart = add_reshape(&p, turn->input(0), {s[0], s[2], s[3], s[1]}, {id});
  if (apart == graph::none) return std::nullopt;
  p.replace(reshape.output(0), transposed(apart, to_second, turn_id, &p));
  p.remove(id);
  p.remove(turn_id);
  p.set_why(label(*turn) + " moves a picture's channels");
  return p;
}

// Reshape, then Transpose.
std::optional<Patch> to_tokens(const Graph& g, NodeId id) {
  const Node& turn = g.node(id);
  const Node* reshape = g.producer_of(turn.input(0));
  if (reshape == nullptr || !reshapes(*reshape) || reshape->block != turn.block) return {};
  const SymShape *flat = shape_of(g, turn.input(0), 3),
                 *picture = shape_of(g, reshape->input(0), 4);
  if (flat == nullptr || picture == nullptr || !flattens(*picture, *flat)) return std::nullopt;
  if (permutation_of(g, turn) != swapped || !g.single_use(turn.input(0))) return std::nullopt;
  Patch p(g, id);
  const NodeId reshape_id = g.value(turn.input(0)).producer;
  const ValueId last = transposed(reshape->input(0), to_last, id, &p);
  const SymShape& s = *flat;
  const ValueId tokens = add_reshape(&p, last, {s[0], s[2], s[1]}, {reshape_id});
  if (tokens == graph::none) return std::nullopt;
  p.replace(turn.output(0), tokens);
  p.remove(id);
  p.remove(reshape_id);
  p.set_why(label(turn) + " moves a picture's channels");
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.is("Reshape")) return to_picture(g, id);
  return n.is("Transpose") ? to_tokens(g, id) : std::nullopt;
}

}  // namespace

extern const Pass reshape_channels_last;
const Pass reshape_channels_last{"reshape_channels_last",
                                 "move channels of pictures rather than of tokens",
                                 Stage::standard,
                                 true,
                                 propose,
                                 nullptr};

}  // namespace hone::passes
