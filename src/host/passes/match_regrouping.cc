// match_regrouping: Reshape, Transpose, Reshape that order the channels of groups anew or move
// channels into space and back are ChannelShuffle, DepthToSpace and SpaceToDepth: one copy, in
// whatever layout the picture has.

#include "host/passes/permute.h"

namespace hone::passes {

namespace {

using graph::Dim;
using graph::SymShape;

struct Chain {
  SymShape x, split, y;  // shapes: before, between Reshape and Transpose, behind
  Permutation perm;
  ValueId from;
  NodeId first, middle;
};

std::optional<Chain> chain_of(const Graph& g, NodeId id) {
  const Node& last = g.node(id);
  const Node* middle = last.is("Reshape") ? g.producer_of(last.input(0)) : nullptr;
  if (middle == nullptr || !middle->is("Transpose") || middle->block != last.block) {
    return std::nullopt;
  }
  const Node* first = g.producer_of(middle->input(0));
  if (first == nullptr || !first->is("Reshape") || first->block != last.block) return std::nullopt;
  if (!g.single_use(last.input(0)) || !g.single_use(middle->input(0))) return std::nullopt;
  for (ValueId v : {first->input(0), middle->input(0), last.output(0)}) {
    if (!g.fact(v).shape) return std::nullopt;
  }
  Chain c{*g.fact(first->input(0)).shape,
          *g.fact(middle->input(0)).shape,
          *g.fact(last.output(0)).shape,
          permutation_of(g, *middle),
          first->input(0),
          g.value(middle->input(0)).producer,
          g.value(last.input(0)).producer};
  return c.x.size() == 4 && c.y.size() == 4 ? std::optional(std::move(c)) : std::nullopt;
}

// [n, g c, h, w] -> [n, g, c, ...] -> [n, c, g, ...] -> [n, g c, h, w], the picture whole or flat.
int64_t shuffled_groups(const Chain& c) {
  const bool flat = c.perm == Permutation{0, 2, 1, 3};
  if (!flat && c.perm != Permutation{0, 2, 1, 3, 4}) return 0;
  const SymShape& s = c.split;
  const auto groups = s[1].const_value();
  if (!groups || *groups < 1 || c.y != c.x || s[0] != c.x[0] || s[1] * s[2] != c.x[1]) return 0;
  const bool picture = flat ? s[3] == c.x[2] * c.x[3] : s[3] == c.x[2] && s[4] == c.x[3];
  return picture ? *groups : 0;
}

// The block size, where the split dimensions at a and b are known, equal and those of `small`
// picture dimensions which they multiply.
int64_t block_of(const SymShape& split, size_t a, size_t b) {
  const auto size = split[a].const_value();
  return size && *size > 0 && split[b] == split[a] ? *size : 0;
}

Node made_of(const char* op, const char* attribute, int64_t value, ValueId x) {
  Node n;
  n.op = op;
  n.inputs = {x};
  n.attributes.set(attribute, value);
  return n;
}

std::optional<Node> depth_to_space(const Chain& c) {
  const SymShape &s = c.split, &x = c.x, &y = c.y;
  const bool crd = c.perm == Permutation{0, 1, 4, 2, 5, 3};
  if (!crd && c.perm != Permutation{0, 3, 4, 1, 5, 2}) return std::nullopt;
  const int64_t b = crd ? block_of(s, 2, 3) : block_of(s, 1, 2);
  const Dim &depth = crd ? s[1] : s[3], block = b;
  const bool same = b > 0 && s[0] == x[0] && depth * block * block == x[1] && s[4] == x[2] &&
                    s[5] == x[3] && y[0] == x[0] && y[1] == depth && y[2] == x[2] * block &&
                    y[3] == x[3] * block;
  if (!same) return std::nullopt;
  Node n = made_of("DepthToSpace", "blocksize", b, c.from);
  n.attributes.set("mode", std::string(crd ? "CRD" : "DCR"));
  return n;
}

std::optional<Node> space_to_depth(const Chain& c) {
  const SymShape &s = c.split, &x = c.x, &y = c.y;
  if (c.perm != Permutation{0, 3, 5, 1, 2, 4}) return std::nullopt;
  const int64_t b = block_of(s, 3, 5);
  const Dim block = b;
  const bool same = b > 0 && s[0] == x[0] && s[1] == x[1] && s[2] * block == x[2] &&
                    s[4] * block == x[3] && y[0] == x[0] && y[1] == x[1] * block * block &&
                    y[2] == s[2] && y[3] == s[4];
  return same ? std::optional(made_of("SpaceToDepth", "blocksize", b, c.from)) : std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  auto chain = chain_of(g, id);
  if (!chain) return std::nullopt;
  std::optional<Node> made;
  if (const int64_t groups = shuffled_groups(*chain); groups > 0) {
    made = made_of("ChannelShuffle", "groups", groups, chain->from);
    made->domain = graph::hone_domain;
    made->version = 1;
  }
  if (!made && g.opset() >= 11)
    made = depth_to_space(*chain);  // DepthToSpace has a mode from there
  if (!made && g.opset() >= 11) made = space_to_depth(*chain);
  if (!made) return std::nullopt;
  const Node& n = g.node(id);
  Patch p(g, id);
  p.set_why(label(n) + " is " + made->op);
  p.replace(n.output(0), p.add(std::move(*made), {chain->first, chain->middle, id}));
  for (NodeId gone : {id, chain->middle, chain->first}) p.remove(gone);
  return p;
}

}  // namespace

extern const Pass match_regrouping;
const Pass match_regrouping{"match_regrouping",
                            "recognise channel shuffles and moves between depth and space",
                            Stage::engine,
                            true,
                            propose,
                            nullptr};

}  // namespace hone::passes
