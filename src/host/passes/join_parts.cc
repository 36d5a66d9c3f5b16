// join_parts: parts of one value that a Concat puts together again are that value, or one Slice of
// it, where that makes the graph no larger.

#include <algorithm>
#include <set>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Elements [begin, end) of `whole` along the axis.
struct Piece {
  ValueId whole;
  int64_t begin, end;
};

std::optional<int64_t> size_of(const Graph& g, ValueId v, int64_t axis) {
  const auto& shape = g.fact(v).shape;
  if (!shape || axis >= static_cast<int64_t>(shape->size())) return std::nullopt;
  return (*shape)[static_cast<size_t>(axis)].const_value();
}

int64_t normal(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

std::optional<Piece> of_split(const Graph& g, const Node& n, ValueId v, int64_t axis) {
  if (normal(n.attributes.i("axis", 0), g.fact(v).rank()) != axis) return std::nullopt;
  int64_t begin = 0;
  for (ValueId out : n.outputs) {
    auto size = out == graph::none ? std::nullopt : size_of(g, out, axis);
    if (!size) return std::nullopt;
    if (out == v) return Piece{n.input(0), begin, begin + *size};
    begin += *size;
  }
  return std::nullopt;
}

std::optional<int64_t> only_element(const Graph& g, ValueId v) {
  const Tensor* t = g.constant(v);
  if (t == nullptr || t->count() != 1) return std::nullopt;
  return to_ints(*t)[0];
}

std::optional<Piece> of_slice(const Graph& g, const Node& n, ValueId v, int64_t axis) {
  if (n.version < 10) return std::nullopt;
  auto begin = only_element(g, n.input(1)), end = only_element(g, n.input(2));
  std::optional<int64_t> along = 0, step = 1;
  if (n.input(3) != graph::none) along = only_element(g, n.input(3));
  if (n.input(4) != graph::none) step = only_element(g, n.input(4));
  const auto size = size_of(g, n.input(0), axis);
  if (!begin || !end || !along || step != 1 || !size) return std::nullopt;
  if (normal(*along, g.fact(v).rank()) != axis) return std::nullopt;
  const auto place = [&](int64_t at) {
    return std::clamp(at < 0 ? at + *size : at, int64_t{0}, *size);
  };
  const Piece p{n.input(0), place(*begin), place(*end)};
  return p.end > p.begin ? std::optional(p) : std::nullopt;
}

std::optional<Piece> piece_of(const Graph& g, ValueId v, int64_t axis) {
  const Node* n = g.producer_of(v);
  if (n == nullptr || !g.fact(v).has_rank()) return std::nullopt;
  if (n->is("Split")) return of_split(g, *n, v, axis);
  return n->is("Slice") ? of_slice(g, *n, v, axis) : std::nullopt;
}

// The operand that stands for `p`: the whole value, or a Slice of it.
ValueId part(const Graph& g, const Piece& p, int64_t axis, NodeId id, Patch* patch) {
  if (p.begin == 0 && size_of(g, p.whole, axis) == p.end) return p.whole;
  Node slice;
  slice.op = "Slice";
  slice.inputs = {p.whole};
  const std::string& name = g.node(id).name;
  const std::pair<const char*, int64_t> lists[] = {
      {"_start", p.begin}, {"_end", p.end}, {"_axis", axis}};
  for (const auto& [suffix, value] : lists) {
    slice.inputs.push_back(patch->constant(Tensor::of<int64_t>({1}, {value}), name + suffix));
  }
  return patch->add(std::move(slice), {id});
}

// Nodes whose results nobody but Concat `id` reads, and it does so no longer.
size_t freed_by(const Graph& g, NodeId id, const std::vector<ValueId>& operands) {
  const auto unread = [&](ValueId v) {
    if (v == graph::none) return true;
    const auto users = g.users(v);
    return !g.is_block_output(v) &&
           std::find(operands.begin(), operands.end(), v) == operands.end() &&
           std::all_of(users.begin(), users.end(), [&](NodeId u) { return u == id; });
  };
  std::set<NodeId> freed;
  for (ValueId v : g.node(id).inputs) {
    const NodeId producer = g.value(v).producer;
    if (producer == graph::none) continue;
    const auto& outputs = g.node(producer).outputs;
    if (std::all_of(outputs.begin(), outputs.end(), unread)) freed.insert(producer);
  }
  return freed.size();
}

// Neighbours that continue each other become one operand.
std::optional<Patch> join_pieces(const Graph& g, NodeId id, int64_t axis) {
  const Node& n = g.node(id);
  Patch p(g, id);
  std::vector<ValueId> operands;
  std::optional<Piece> open;
  size_t pieces = 0, joined = 0, slices = 0;  // of the open one; operands saved; nodes made
  auto close = [&](ValueId last) {
    if (pieces == 1) operands.push_back(last);
    if (pieces > 1) {
      operands.push_back(part(g, *open, axis, id, &p));
      joined += pieces - 1;
      slices += operands.back() == open->whole ? 0 : 1;
    }
    open.reset();
    pieces = 0;
  };
  ValueId last = graph::none;
  for (ValueId v : n.inputs) {
    auto piece = piece_of(g, v, axis);
    const bool continues =
        piece && open && piece->whole == open->whole && piece->begin == open->end;
    if (!continues) close(last);
    if (continues) {
      open->end = piece->end;
      ++pieces;
    } else if (piece) {
      open = piece;
      pieces = 1;
    } else {
      operands.push_back(v);
    }
    last = v;
  }
  close(last);
  // A Concat of one operand goes, too.
  if (joined == 0 || slices > freed_by(g, id, operands) + (operands.size() == 1 ? 1 : 0)) {
    return std::nullopt;
  }
  Node made = n;
  made.inputs = operands;
  made.origin.clear();
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.remove(id);
  p.set_why(label(n) + " puts parts together again");
  return p;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Concat") || n.inputs.size() < 2 || !g.fact(n.output(0)).has_rank()) {
    return std::nullopt;
  }
  const int64_t axis = normal(n.attributes.i("axis", 1), g.fact(n.output(0)).rank());
  return join_pieces(g, id, axis);
}

}  // namespace

extern const Pass join_parts;
const Pass join_parts{"join_parts",    "put nothing together that was not apart",
                      Stage::standard, true,
                      propose,         nullptr};

}  // namespace hone::passes
