// fold_space_to_depth: a Concat of every b-th pixel, from each of the b x b places to begin at, in
// front of a convolution (YOLO's Focus) is a convolution with b times its window and stride. The
// products are the same; zeros that it pads are zeros of b pixels each.

#include <set>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// Every `block`-th row and column of `x` from (row, column) on.
struct Comb {
  ValueId x;
  int64_t block, row, column;
};

std::optional<Comb> comb_of(const Graph& g, ValueId v) {
  const Node* n = g.producer_of(v);
  if (n == nullptr || !n->is("Slice") || n->version < 10) return std::nullopt;
  std::vector<int64_t> lists[4];  // starts, ends, axes, steps
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* t = g.constant(n->input(i + 1));
    if (t == nullptr || t->count() != 2) return std::nullopt;
    lists[i] = to_ints(*t);
  }
  auto& [starts, ends, axes, steps] = lists;
  const auto& shape = g.fact(n->input(0)).shape;
  if (!shape || shape->size() != 4) return std::nullopt;
  Comb c{n->input(0), steps[0], 0, 0};
  if (c.block < 2 || c.block > 8 || steps[1] != c.block) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + 4 : axes[i];
    if ((axis != 2 && axis != 3) || axes[0] == axes[1]) return std::nullopt;
    const auto size = (*shape)[static_cast<size_t>(axis)].const_value();
    // Whole blocks, each with its element: those beyond the end would be missed.
    if (!size || *size % c.block != 0 || ends[i] < *size) return std::nullopt;
    if (starts[i] < 0 || starts[i] >= c.block) return std::nullopt;
    (axis == 2 ? c.row : c.column) = starts[i];
  }
  return c;
}

std::optional<std::vector<Comb>> combs_of(const Graph& g, const Node& concat) {
  std::vector<Comb> combs;
  std::set<std::pair<int64_t, int64_t>> places;
  for (ValueId v : concat.inputs) {
    auto c = comb_of(g, v);
    if (!c || (!combs.empty() && (c->x != combs[0].x || c->block != combs[0].block))) {
      return std::nullopt;
    }
    places.emplace(c->row, c->column);
    combs.push_back(*c);
  }
  const int64_t block = combs.empty() ? 0 : combs[0].block;
  const auto all = static_cast<size_t>(block * block);
  if (all == 0 || combs.size() != all || places.size() != all) return std::nullopt;
  return combs;
}

// w[o, part c + i, ky, kx] becomes w[o, i, block ky + row, block kx + column].
Tensor spread(const Tensor& w, const std::vector<Comb>& combs) {
  const int64_t block = combs[0].block, parts = static_cast<int64_t>(combs.size());
  const int64_t channels = w.dims()[1] / parts, kh = w.dims()[2], kw = w.dims()[3];
  Tensor made(DType::f32, {w.dims()[0], channels, kh * block, kw * block});
  for (int64_t i = 0; i < w.count(); ++i) {
    const int64_t kx = i % kw, ky = i / kw % kh, c = i / (kw * kh) % w.dims()[1];
    const int64_t o = i / (kw * kh * w.dims()[1]);
    const Comb& comb = combs[static_cast<size_t>(c / channels)];
    const int64_t row = ky * block + comb.row, column = kx * block + comb.column;
    made.set(((o * channels + c % channels) * kh * block + row) * kw * block + column, w.at(i));
  }
  return made;
}

bool is_plain(const Node& conv) {
  const auto dilations = conv.attributes.ints("dilations");
  for (int64_t d : dilations) {
    if (d != 1) return false;
  }
  const std::string pad = conv.attributes.s("auto_pad", "NOTSET");
  return conv.attributes.i("group", 1) == 1 && (pad == "NOTSET" || pad == "VALID");
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Tensor* w = n.is("Conv") ? g.constant(n.input(1)) : nullptr;
  if (w == nullptr || w->dtype() != DType::f32 || w->rank() != 4 || !is_plain(n)) {
    return std::nullopt;
  }
  const Node* concat = g.producer_of(n.input(0));
  if (concat == nullptr || !concat->is("Concat") || concat->block != n.block) return std::nullopt;
  if (concat->attributes.i("axis", 1) != 1 || !g.single_use(n.input(0))) return std::nullopt;
  auto combs = combs_of(g, *concat);
  if (!combs) return std::nullopt;
  const int64_t block = combs->front().block;
  auto scaled = [&](const char* name, size_t count, int64_t otherwise) {
    auto list = n.attributes.ints(name);
    if (list.empty()) list.assign(count, otherwise);
    for (int64_t& v : list) v *= block;
    return list;
  };
  Patch p(g, id);
  Node made = n;
  made.origin.clear();
  made.inputs[0] = combs->front().x;
  made.inputs[1] = p.constant(spread(*w, *combs), g.value(n.input(1)).name);
  made.attributes.set("kernel_shape",
                      std::vector<int64_t>{w->dims()[2] * block, w->dims()[3] * block});
  made.attributes.set("strides", scaled("strides", 2, 1));
  made.attributes.set("pads", scaled("pads", 4, 0));
  made.attributes.erase("auto_pad");
  const NodeId concat_id = g.value(n.input(0)).producer;
  p.replace(n.output(0), p.add(std::move(made), {concat_id, id}));
  p.remove(id);
  p.remove(concat_id);
  p.set_why(label(*concat) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass fold_space_to_depth;
const Pass fold_space_to_depth{"fold_space_to_depth",
                               "let a convolution stride over pixels that were sorted for it",
                               Stage::standard,
                               false,
                               propose,
                               nullptr};

}  // namespace hone::passes
