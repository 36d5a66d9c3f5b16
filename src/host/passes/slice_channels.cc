// slice_channels: one of g interleaved sets of channels, taken by Reshape, Transpose, Reshape and
// Gather (ShuffleNet's split), is every g-th channel: a Slice.

#include <limits>

#include "host/passes/permute.h"

namespace hone::passes {

namespace {

using graph::Dim;

// The node that makes v, of this operator and in this block.
const Node* made_by(const Graph& g, ValueId v, const char* op, graph::BlockId block) {
  const Node* n = g.producer_of(v);
  return n != nullptr && n->is(op) && n->block == block ? n : nullptr;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Gather") || n.attributes.i("axis", 0) != 0 || g.opset() < 10) return std::nullopt;
  const Tensor* index = g.constant(n.input(1));
  if (index == nullptr || index->rank() != 0) return std::nullopt;
  const Node* outer = made_by(g, n.input(0), "Reshape", n.block);
  const Node* swap = outer ? made_by(g, outer->input(0), "Transpose", n.block) : nullptr;
  const Node* inner = swap ? made_by(g, swap->input(0), "Reshape", n.block) : nullptr;
  if (inner == nullptr || permutation_of(g, *swap) != Permutation{1, 0, 2}) return std::nullopt;
  const auto &x = g.fact(inner->input(0)).shape, &pairs = g.fact(swap->input(0)).shape,
             &sets = g.fact(n.input(0)).shape;
  if (!x || !pairs || !sets || x->size() != 4 || sets->size() != 5) return std::nullopt;
  // [n, c, h, w] -> [n c / g, g, h w] -> [g, n c / g, h w] -> [g, n, c / g, h, w]
  const auto groups = (*pairs)[1].const_value();
  const Dim g_dim = groups.value_or(0);
  const bool same = groups && *groups > 0 && (*sets)[0] == g_dim && (*sets)[1] == (*x)[0] &&
                    (*sets)[2] * g_dim == (*x)[1] && (*sets)[3] == (*x)[2] &&
                    (*sets)[4] == (*x)[3] && (*pairs)[2] == (*x)[2] * (*x)[3];
  if (!same) return std::nullopt;
  int64_t first = to_ints(*index)[0];
  if (first < 0) first += *groups;
  if (first < 0 || first >= *groups) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.op = "Slice";
  made.inputs = {inner->input(0)};
  const std::pair<const char*, int64_t> lists[] = {{"_start", first},
                                                   {"_end", std::numeric_limits<int64_t>::max()},
                                                   {"_axis", 1},
                                                   {"_step", *groups}};
  for (const auto& [suffix, value] : lists) {
    made.inputs.push_back(p.constant(Tensor::of<int64_t>({1}, {value}), n.name + suffix));
  }
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.remove(id);
  p.set_why(label(n) + " takes every " + std::to_string(*groups) + "th channel");
  return p;
}

}  // namespace

extern const Pass slice_channels;
const Pass slice_channels{"slice_channels", "take interleaved channels by a slice",
                          Stage::standard,  true,
                          propose,          nullptr};

}  // namespace hone::passes
