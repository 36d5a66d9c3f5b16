#include "host/passes/attention_parts.h"

#include <algorithm>
#include <cmath>

namespace hone::passes {

namespace {

using graph::Dim;
using graph::SymShape;

const SymShape* shape_of(const Graph& g, ValueId v) {
  return v != graph::none && g.fact(v).has_rank() ? &*g.fact(v).shape : nullptr;
}

// Mul or Div by one number: the other operand and the factor.
struct Scaled {
  ValueId value;
  double factor;
};
std::optional<Scaled> scaled(const Graph& g, const Node& n) {
  if ((!n.is("Mul") && !n.is("Div")) || n.inputs.size() != 2) return std::nullopt;
  for (size_t i : {size_t{1}, size_t{0}}) {
    auto c = scalar(g, n.input(i));
    if (!c || (i == 0 && n.is("Div")) || !same_shape(g, n.input(1 - i), n.output(0))) continue;
    const double factor = n.is("Mul") ? *c : 1 / *c;
    if (std::isfinite(factor)) return Scaled{n.input(1 - i), factor};
  }
  return std::nullopt;
}

Form form(const Graph& g, ValueId v, Permutation perm, double scale) {
  const SymShape& own = *shape_of(g, v);
  SymShape shape = own;
  for (size_t i = 0; i < perm.size(); ++i) shape[i] = own[static_cast<size_t>(perm[i])];
  if (!perm.empty() && is_identity(perm)) perm.clear();
  return {v, std::move(perm), scale, std::move(shape)};
}

// Adds v's forms, from v upwards.
void add_forms(const Graph& g, ValueId v, double scale, std::vector<Form>* forms) {
  while (is_f32(g, v) && shape_of(g, v) != nullptr && shape_of(g, v)->size() >= 2) {
    forms->push_back(form(g, v, {}, scale));
    const Node* n = g.producer_of(v);
    if (n == nullptr) return;
    if (auto s = scaled(g, *n)) {
      forms->pop_back();  // better without
      v = s->value, scale *= s->factor;
    } else if (regroups(g, *n)) {
      v = n->input(0);
    } else {
      return;
    }
  }
}

}  // namespace

Permutation last_two_swapped(size_t rank) {
  Permutation perm;
  for (size_t i = 0; i < rank; ++i) perm.push_back(static_cast<int64_t>(i));
  std::swap(perm[rank - 1], perm[rank - 2]);
  return perm;
}

SymShape lead(const SymShape& shape) { return {shape.begin(), shape.end() - 2}; }

bool regroups(const Graph& g, const Node& n) {
  if (!n.is("Reshape") && !n.is("Squeeze") && !n.is("Unsqueeze")) return false;
  const SymShape *x = shape_of(g, n.input(0)), *y = shape_of(g, n.output(0));
  if (x == nullptr || y == nullptr || x->size() < 2 || y->size() < 2) return false;
  return std::equal(x->end() - 2, x->end(), y->end() - 2);
}

std::vector<Form> forms_of(const Graph& g, ValueId v) {
  std::vector<Form> forms;
  add_forms(g, v, 1, &forms);
  return forms;
}

std::vector<Form> forms_of_transposed(const Graph& g, ValueId v) {
  std::vector<Form> forms;
  double scale = 1;
  const ValueId first = v;
  while (const Node* n = g.producer_of(v)) {
    if (auto s = scaled(g, *n)) {
      v = s->value, scale *= s->factor;
    } else if (regroups(g, *n)) {
      v = n->input(0);
    } else {
      break;
    }
  }
  const Node* n = g.producer_of(v);
  if (n != nullptr && n->is("Transpose") && shape_of(g, n->input(0)) != nullptr) {
    const Permutation perm = permutation_of(g, *n);
    const size_t rank = perm.size();
    const Permutation own = rank >= 2 ? after(perm, last_two_swapped(rank)) : perm;
    if (rank >= 2 && is_identity(own)) {
      add_forms(g, n->input(0), scale, &forms);
    } else if (rank >= 2) {
      forms.push_back(form(g, n->input(0), own, scale));
    }
  }
  // Keys that lie that way, or in other groups than are wanted: turned here.
  if (const SymShape* s = shape_of(g, first); s != nullptr && s->size() >= 2) {
    forms.push_back(form(g, first, last_two_swapped(s->size()), 1));
  }
  return forms;
}

namespace {

// What v is broadcast from by Expand, or converted from without a change.
ValueId unexpanded(const Graph& g, ValueId v) {
  while (const Node* n = g.producer_of(v)) {
    const bool same = n->is("Cast") && g.fact(n->input(0)).dtype == g.fact(v).dtype;
    if (!same && !n->is("Expand")) return v;
    v = n->input(0);
  }
  return v;
}

// A mask's dimension is 1 or the scores', for every input that the model accepts. A slice of a
// table of c > 1 is min(size, c) long: 1 where the size is 1, and other than the size only where it
// does not broadcast.
bool fits(const Dim& mask, const Dim& size) {
  if (mask == Dim(1) || mask == size) return true;
  const auto table = mask.upper_bound();
  return table && *table > 1 && mask == min(size, Dim(*table));
}

// m broadcasts to `scores`, and does not make them larger.
bool fits(const Graph& g, ValueId m, const SymShape& scores) {
  const SymShape* s = shape_of(g, m);
  if (s == nullptr || s->size() > scores.size()) return false;
  for (size_t i = 0, to = scores.size() - s->size(); i < s->size(); ++i, ++to) {
    if (!fits((*s)[i], scores[to])) return false;
  }
  return true;
}

// m, or what it is expanded from, if that fits.
ValueId fitting(const Graph& g, ValueId m, const SymShape& scores) {
  const ValueId small = unexpanded(g, m);
  if (fits(g, small, scores)) return small;
  return fits(g, m, scores) ? m : graph::none;
}

// Some row of a constant mask of that shape loses all its keys; what is no constant may.
bool may_lose_a_row(const Graph& g, const MaskPart& m) {
  const Tensor* t = g.constant(m.value);
  if (t == nullptr || t->rank() == 0) return true;
  const int64_t keys = t->dims().back();
  for (int64_t row = 0; keys > 0 && row < t->count() / keys; ++row) {
    bool any = false;
    for (int64_t k = 0; k < keys; ++k) any = any || (t->at(row * keys + k) != 0) == m.keep;
    if (!any) return true;
  }
  return false;
}

// In a row that keeps a key a score this low has no weight whatever the others are; in one that
// loses them all it stays what it is when a score is added to it.
bool is_low_enough(const Graph& g, const MaskPart& m) {
  constexpr double beyond_any_score = -1e9, absorbs_any_score = -1e30;
  return m.fill <= (may_lose_a_row(g, m) ? absorbs_any_score : beyond_any_score);
}

// Asks for the size that a mask is to have.
bool only_expands_by(const Graph& g, const Node& n) {
  if (!n.is("Shape") || g.is_block_output(n.output(0))) return false;
  const auto users = g.users(n.output(0));
  return std::all_of(users.begin(), users.end(), [&](graph::NodeId id) {
    return g.node(id).is("Expand") && g.node(id).input(1) == n.output(0);
  });
}

bool read_once(const Graph& g, ValueId v) {
  if (g.single_use(v)) return true;
  int readers = 0;
  for (graph::NodeId id : g.users(v)) {
    const Node& n = g.node(id);
    if (only_expands_by(g, n)) continue;
    readers += static_cast<int>(std::count(n.inputs.begin(), n.inputs.end(), v));
  }
  return readers == 1 && !g.is_block_output(v);
}

class Walk {
 public:
  Walk(const Graph& g, graph::BlockId block) : g_(g), block_(block) {}

  std::optional<Scores> from(ValueId v) const {
    const Node* n = g_.producer_of(v);
    if (n == nullptr || n->block != block_ || !is_f32(g_, v) || !read_once(g_, v)) return {};
    if (shape_of(g_, v) == nullptr || shape_of(g_, v)->size() < 2) return std::nullopt;
    auto found = step(*n, *shape_of(g_, v));
    if (found) found->nodes.insert(found->nodes.begin(), g_.value(v).producer);
    return found;
  }

 private:
  std::optional<Scores> step(const Node& n, const SymShape& shape) const {
    if (n.is("MatMul")) {
      Scores s;
      s.q = n.input(0), s.k_transposed = n.input(1);
      s.shapes.push_back(shape);
      return s;
    }
    if (regroups(g_, n)) {
      auto s = from(n.input(0));
      if (s) s->shapes.push_back(shape);
      return s;
    }
    if (auto by = scaled(g_, n)) {
      auto s = from(by->value);
      if (!s || !s->masks.empty()) return std::nullopt;  // a scaled mask is another mask
      s->scale *= by->factor;
      return s;
    }
    if (n.is("Mul") || n.is("Div")) return multiplied(n, shape);
    if (n.is("Add")) return added(n, shape);
    if (n.is("Where")) return chosen(n, shape);
    return std::nullopt;
  }

  // By numbers that differ from head to head.
  std::optional<Scores> multiplied(const Node& n, const SymShape& shape) const {
    for (size_t i : {size_t{0}, size_t{1}}) {
      const ValueId x = n.input(i), m = fitting(g_, n.input(1 - i), shape);
      if (m == graph::none || !is_f32(g_, m) || !same_shape(g_, x, n.output(0))) continue;
      if (i == 1 && n.is("Div")) continue;
      const SymShape& own = *shape_of(g_, m);
      const size_t matrix = std::min<size_t>(own.size(), 2);
      if (!std::all_of(own.end() - static_cast<std::ptrdiff_t>(matrix), own.end(),
                       [](const Dim& d) { return d == Dim(1); })) {
        continue;
      }
      auto s = from(x);
      if (!s || !s->masks.empty()) continue;
      s->factors.push_back({m, false, true, 0, shape, n.is("Div")});
      return s;
    }
    return std::nullopt;
  }

  std::optional<Scores> added(const Node& n, const SymShape& shape) const {
    for (size_t i : {size_t{0}, size_t{1}}) {
      const ValueId x = n.input(i), m = fitting(g_, n.input(1 - i), shape);
      if (m == graph::none || !is_f32(g_, m) || !same_shape(g_, x, n.output(0))) continue;
      auto s = from(x);
      if (!s) continue;
      s->masks.push_back({m, false, true, 0, shape, false});
      return s;
    }
    return std::nullopt;
  }

  std::optional<Scores> chosen(const Node& n, const SymShape& shape) const {
    for (size_t i : {size_t{1}, size_t{2}}) {
      const ValueId x = n.input(i), m = fitting(g_, n.input(0), shape);
      auto fill = scalar(g_, n.input(3 - i));
      if (!fill || m == graph::none || !same_shape(g_, x, n.output(0))) continue;
      const MaskPart part{m, true, i == 1, *fill, shape, false};
      if (!is_low_enough(g_, part)) continue;
      auto s = from(x);
      if (!s) continue;
      s->masks.push_back(part);
      return s;
    }
    return std::nullopt;
  }

  const Graph& g_;
  graph::BlockId block_;
};

// v where it is Where(IsNaN(x), 0, x): x.
ValueId guarded(const Graph& g, ValueId v) {
  const Node* n = g.producer_of(v);
  if (n == nullptr || !n->is("Where") || scalar(g, n->input(1)) != 0.0) return v;
  const ValueId x = n->input(2);
  const Node* is_nan = g.producer_of(n->input(0));
  const bool guards = is_nan != nullptr && is_nan->is("IsNaN") && is_nan->input(0) == x &&
                      g.single_use(v) && g.single_use(n->input(0)) && !g.is_block_output(x) &&
                      g.users(x).size() == 2;
  return guards ? x : v;
}

bool is_over_last(const Graph& g, const Node& n) {
  const SymShape* shape = shape_of(g, n.input(0));
  if (!n.is("Softmax") || shape == nullptr || shape->empty()) return false;
  const auto rank = static_cast<int64_t>(shape->size());
  const int64_t axis = n.attributes.i("axis", n.version >= 13 ? -1 : 1);
  return axis == -1 || axis == rank - 1;
}

}  // namespace

std::optional<Scores> scores_of(const Graph& g, ValueId v, graph::BlockId block) {
  return Walk(g, block).from(v);
}

const Node* softmax_of(const Graph& g, ValueId v) {
  const Node* n = g.producer_of(v);
  if (n != nullptr && regroups(g, *n) && g.single_use(v)) v = n->input(0);
  const ValueId x = guarded(g, v);
  n = g.producer_of(x);
  const bool alone = x != v || g.single_use(x);
  return n != nullptr && is_f32(g, x) && alone && is_over_last(g, *n) ? n : nullptr;
}

}  // namespace hone::passes
