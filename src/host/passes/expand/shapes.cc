// Operators that are products, moves and reductions of others.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "host/passes/expand/by_data.h"

namespace hone::passes {

namespace {

Status need_shapes(const Expansion& e, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) {
    if (!e.ranked(i)) return unsupported(fmt::format("the rank of input {} is not known", i));
    if (graph::all_const(e.shape(i))) continue;
    return unsupported(fmt::format("the shape of input {} is not fixed; give --profile", i));
  }
  return {};
}

int64_t normal(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

std::vector<int64_t> counted(int64_t from, int64_t to) {
  std::vector<int64_t> v(static_cast<size_t>(std::max<int64_t>(to - from, 0)));
  std::iota(v.begin(), v.end(), from);
  return v;
}

}  // namespace

namespace {

// Elements that stay, each with the chance 1 - ratio, are divided by it.
void drop(Expansion& e, std::optional<double> trains) {
  const DType t = e.type();
  const auto one = [&](DType type) { return e.number(1, type); };
  const auto cast = [&](ValueId v, DType from, DType to) {
    return from == to ? v : e.add("Cast", {v}, {{"to", static_cast<int64_t>(to)}});
  };
  const DType given = e.has(1) ? e.fact(1).dtype : t;
  const ValueId ratio = e.has(1) ? e.reshape(e.in(1), {}) : e.number(0.5, t);
  const ValueId stays = e.add("Sub", {one(DType::f32), cast(ratio, given, DType::f32)});
  graph::Node draw;
  draw.op = "Bernoulli";
  draw.name = e.node().name;  // which its numbers follow from, as Dropout's do
  draw.version = 15;
  draw.inputs = {e.add("Expand", {stays, e.add("Shape", {e.in(0)})})};
  draw.attributes.set("dtype", static_cast<int64_t>(DType::boolean));
  if (e.attributes().has("seed")) {
    draw.attributes.set("seed", static_cast<float>(e.attributes().i("seed", 0)));
  }
  ValueId mask = e.add(std::move(draw)), scale = cast(stays, DType::f32, t);
  if (!trains) {
    const ValueId training = e.reshape(e.in(2), {});
    mask = e.add("Or", {mask, e.add("Not", {training})});
    scale = e.add("Where", {training, scale, one(t)});
  }
  if (e.wants(1)) e.give(1, mask);
  if (e.wants(0)) {
    e.give(0, e.add("Where", {mask, e.add("Div", {e.in(0), scale}), e.number(0, t)}));
  }
}

}  // namespace

// Where nothing is dropped the mask is all true.
Status expand_dropout(Expansion& e) {
  const bool may = e.node().version >= 12 && e.has(2);
  const auto trains = may ? scalar(e.graph(), e.in(2)) : std::optional<double>(0);
  if (trains != 0 && (!e.has(1) || scalar(e.graph(), e.in(1)) != 0)) {
    drop(e, trains);
    return {};
  }
  if (!e.wants(1)) return unsupported("it has a kernel");
  Tensor yes(e.node().version >= 10 ? DType::boolean : e.type(), {1});
  yes.set(0, 1);
  e.give(1, e.add("ConstantOfShape", {e.add("Shape", {e.in(0)})}, {{"value", yes}}));
  if (e.wants(0)) e.give(0, e.add("Identity", {e.in(0)}));
  return {};
}

// The p-norm over all spatial axes.
Status expand_global_lp_pool(Expansion& e) {
  if (!e.ranked(0)) return unsupported("the rank of X is not known");
  const ValueId axes = e.ints(counted(2, e.rank(0)));
  const int64_t p = e.attributes().i("p", 2);
  if (p == 1 || p == 2) {
    e.give(0, e.add(p == 1 ? "ReduceL1" : "ReduceL2", {e.in(0), axes}));
    return {};
  }
  const auto order = static_cast<double>(p);
  const ValueId powers = e.add("Pow", {e.add("Abs", {e.in(0)}), e.number(order)});
  e.give(0, e.add("Pow", {e.add("ReduceSum", {powers, axes}), e.number(1 / order)}));
  return {};
}

// 1 where the first of the largest is. Before opset 13 the axes from `axis` on are one.
Status expand_hardmax(Expansion& e) {
  if (!e.ranked(0) || e.rank(0) == 0) return unsupported("the rank of X is not known");
  const bool flat = e.node().version < 13;
  const int64_t axis = normal(e.attributes().i("axis", flat ? 1 : -1), e.rank(0));
  ValueId x = e.in(0), depth = graph::none;
  if (flat) {
    HONE_RETURN_IF_ERROR(need_shapes(e, {0}));
    x = e.add("Flatten", {x}, {{"axis", axis}});
    const SymShape& s = e.shape(0);
    depth = e.ints({graph::product(s, static_cast<size_t>(axis), s.size()).value()});
  } else {
    depth = e.size(0, axis);
  }
  const int64_t along = flat ? 1 : axis;
  const ValueId best = e.add("ArgMax", {x}, {{"axis", along}, {"keepdims", int64_t{0}}});
  Tensor zero_one(e.type(), {2});
  zero_one.set(0, 0);
  zero_one.set(1, 1);
  ValueId y = e.add("OneHot", {best, depth, e.constant(std::move(zero_one))}, {{"axis", along}});
  if (flat) y = e.reshape(y, graph::const_dims(e.shape(0)));
  e.give(0, y);
  return {};
}

// Cut or padded to the shape, the odd one at the end.
Status expand_center_crop_pad(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_shapes(e, {0}));
  const auto target = e.known_ints(1);
  if (!target) return crop_pad_by_data(e);
  const int rank = e.rank(0);
  const std::vector<int64_t> axes = e.attributes().ints("axes", counted(0, rank));
  std::vector<int64_t> pads(static_cast<size_t>(2 * rank), 0), begins, ends;
  bool padded = false;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(normal(axes[i], rank));
    const int64_t size = e.shape(0)[axis].value(), wanted = (*target)[i];
    const int64_t cut = std::max<int64_t>(size - wanted, 0) / 2;
    begins.push_back(cut);
    ends.push_back(cut + std::min(size, wanted));
    const int64_t missing = std::max<int64_t>(wanted - size, 0);
    pads[axis] = missing / 2;
    pads[axis + static_cast<size_t>(rank)] = missing - missing / 2;
    padded |= missing > 0;
  }
  ValueId y = e.add("Slice", {e.in(0), e.ints(begins), e.ints(ends), e.ints(axes)});
  if (padded) y = e.add("Pad", {y, e.ints(pads)});
  e.give(0, y);
  return {};
}

// The places of a regular grid times the transposed matrices.
Status expand_affine_grid(Expansion& e) {
  const auto size = e.known_ints(1);
  if (!size) return affine_grid_by_data(e);
  const auto rank = static_cast<int64_t>(size->size()) - 2;
  const bool align = e.attributes().i("align_corners", 0) != 0;
  std::vector<int64_t> dims(size->begin() + 2, size->end());
  const int64_t count = element_count(dims);
  if (count > int64_t{1} << 26) return unsupported("a grid of more than 2^26 places");
  Tensor places(DType::f64, {count, rank + 1});
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (int64_t d = rank - 1; d >= 0; --d) {  // x is the last axis
      const int64_t n = dims[static_cast<size_t>(d)];
      const auto at = static_cast<double>(rest % n), whole = static_cast<double>(n);
      rest /= n;
      const double place =
          align ? (n == 1 ? -1 : -1 + 2 * at / (whole - 1)) : (2 * at + 1) / whole - 1;
      places.set(i * (rank + 1) + rank - 1 - d, place);
    }
    places.set(i * (rank + 1) + rank, 1);
  }
  Tensor narrow(e.type(), places.dims());
  for (int64_t i = 0; i < narrow.count(); ++i) narrow.set(i, places.at(i));
  ValueId y = e.add("MatMul", {e.constant(std::move(narrow)), e.transpose(e.in(0), {0, 2, 1})});
  dims.insert(dims.begin(), (*size)[0]);
  dims.push_back(rank);
  e.give(0, e.reshape(y, dims));
  return {};
}

// Determinants of small matrices by their cofactors.
Status expand_det(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_shapes(e, {0}));
  const int rank = e.rank(0);
  const int64_t n = e.shape(0).back().value();
  if (n < 1 || n > 3) return unsupported("determinants of more than 3 rows");
  auto at = [&](int64_t row, int64_t column) {
    return e.add("Gather",
                 {e.add("Gather", {e.in(0), e.constant(Tensor::scalar(column))},
                        {{"axis", int64_t{rank - 1}}}),
                  e.constant(Tensor::scalar(row))},
                 {{"axis", int64_t{rank - 2}}});
  };
  auto minor = [&](int64_t r, int64_t a, int64_t b) {
    return e.add("Sub",
                 {e.add("Mul", {at(r, a), at(r + 1, b)}), e.add("Mul", {at(r, b), at(r + 1, a)})});
  };
  if (n == 1) {
    e.give(0, at(0, 0));
  } else if (n == 2) {
    e.give(0, minor(0, 0, 1));
  } else {
    const ValueId outer = e.add("Sub", {e.add("Mul", {at(0, 0), minor(1, 1, 2)}),
                                        e.add("Mul", {at(0, 1), minor(1, 0, 2)})});
    e.give(0, e.add("Add", {outer, e.add("Mul", {at(0, 2), minor(1, 0, 1)})}));
  }
  return {};
}

// Elements go back to where the pool found them; the places count in the whole tensor.
Status expand_max_unpool(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_shapes(e, {0}));
  const Dims x = graph::const_dims(e.shape(0));
  const graph::Attributes& a = e.attributes();
  const std::vector<int64_t> kernel = a.ints("kernel_shape");
  std::vector<int64_t> strides = a.ints("strides"), pads = a.ints("pads");
  if (kernel.size() + 2 != x.size()) return unsupported("kernel_shape of another rank");
  strides.resize(kernel.size(), 1);
  pads.resize(2 * kernel.size(), 0);
  Dims inner = x;
  for (size_t i = 0; i < kernel.size(); ++i) {
    inner[i + 2] = (x[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + kernel.size()];
  }
  const auto given = e.has(2) ? e.known_ints(2) : std::optional(inner);
  Tensor nothing(e.type(), {element_count(inner)});
  for (int64_t i = 0; i < nothing.count(); ++i) nothing.set(i, 0);
  ValueId y = e.add("ScatterElements", {e.constant(std::move(nothing)), e.reshape(e.in(1), {-1}),
                                        e.reshape(e.in(0), {-1})});
  y = e.reshape(y, inner);
  if (!given) {  // as much behind as is wanted
    const ValueId none = e.ints(std::vector<int64_t>(inner.size(), 0));
    const ValueId behind = e.add("Sub", {e.in(2), e.ints(inner)});
    e.give(0, e.add("Pad", {y, e.add("Concat", {none, behind}, {{"axis", int64_t{0}}})}));
    return {};
  }
  std::vector<int64_t> more(2 * inner.size(), 0);
  for (size_t d = 0; d < inner.size(); ++d) more[d + inner.size()] = (*given)[d] - inner[d];
  if (*given != inner) y = e.add("Pad", {y, e.ints(more)});
  e.give(0, y);
  return {};
}

// Rows of the update go to the rows of the cache from write_indices[batch] on.
Status expand_tensor_scatter(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_shapes(e, {0, 1}));
  const int rank = e.rank(0);
  const int64_t axis = normal(e.attributes().i("axis", -2), rank);
  const auto at = static_cast<size_t>(axis);
  const Dims update = graph::const_dims(e.shape(1));
  std::vector<int64_t> column(update.size(), 1), batch(update.size(), 1);
  column[at] = update[at];
  batch[0] = update[0];
  ValueId rows = e.reshape(e.ints(counted(0, update[at])), column);
  if (e.has(2)) {
    rows = e.add("Add", {rows, e.reshape(e.add("Cast", {e.in(2)}, {{"to", int64_t{7}}}), batch)});
  }
  if (e.attributes().s("mode", "linear") == "circular") {
    rows = e.add("Mod", {rows, e.ints({e.shape(0)[at].value()})});
  }
  rows = e.add("Expand", {rows, e.ints(update)});
  e.give(0, e.add("ScatterElements", {e.in(0), rows, e.in(1)}, {{"axis", axis}}));
  return {};
}

}  // namespace hone::passes
