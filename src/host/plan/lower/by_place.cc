// OneHot, EyeLike, Trilu, ReverseSequence: what an element is depends on its place, so places are
// made as data and compared.

#include "device/kernels/binary/binary.h"
#include "device/kernels/fill/fill.h"
#include "device/kernels/gather_nd/gather_nd.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/run_time.h"

namespace hone::plan {

namespace {

using kernels::Binary;

PlanValue number(Lowering& l, int64_t v) {
  return l.constant("number", Tensor::of<int64_t>({}, {v}));
}

// A size as data.
PlanValue number(Lowering& l, const Node& n, const Dim& size) {
  if (size.is_const()) return number(l, size.value());
  PlanValue v = l.temporary(n.name, DType::i64, {});
  l.step(n, "fill", {}, {v}, kernels::FillAttrs{kernels::Fill::dims, 0, 0}, {size});
  return v;
}

// 0, 1, ... along axis `axis` of a shape that is 1 elsewhere.
PlanValue places(Lowering& l, const Node& n, const SymShape& shape, size_t axis) {
  SymShape wide(shape.size(), Dim(1));
  wide[axis] = shape[axis];
  PlanValue v = l.temporary(n.name, DType::i64, {shape[axis]});
  l.add_step(n, "range", {number(l, 0), number(l, 1)}, {v}, {}, {});
  return l.reshape_view(v, std::move(wide));
}

PlanValue combined(Lowering& l, const Node& n, Binary op, PlanValue a, PlanValue b, SymShape shape,
                   DType type = DType::i64) {
  PlanValue y = l.temporary(n.name, type, std::move(shape));
  l.step(n, "binary", {a, b}, {y}, kernels::BinaryAttrs{op, kernels::Act::none, 0, 0});
  return y;
}

PlanValue compared(Lowering& l, const Node& n, Binary op, PlanValue a, PlanValue b,
                   SymShape shape) {
  return combined(l, n, op, a, b, std::move(shape), DType::boolean);
}

PlanValue chosen(Lowering& l, const Node& n, PlanValue condition, PlanValue a, PlanValue b,
                 PlanValue y) {
  l.add_step(n, "select", {condition, a, b}, {y}, {}, {});
  return y;
}

PlanValue as_i64(Lowering& l, const Node& n, PlanValue v) {
  if (l.at(v).dtype == DType::i64) return v;
  PlanValue wide = l.temporary(n.name, DType::i64, l.at(v).shape);
  l.add_step(n, "cast", {v}, {wide}, {}, {});
  return wide;
}

// Column less row of every element of a matrix.
PlanValue across(Lowering& l, const Node& n, const Dim& rows, const Dim& columns) {
  const SymShape shape = {rows, columns};
  return combined(l, n, Binary::sub, places(l, n, shape, 1), places(l, n, shape, 0), shape);
}

}  // namespace

// Indices count from the end where negative: place or place - depth.
Status lower_one_hot(Lowering& l, const Node& n) {
  const SymShape shape = *l.graph().fact(n.output(0)).shape;
  HONE_ASSIGN(int given, normal_axis(n.attributes.i("axis", -1), static_cast<int>(shape.size())));
  const auto axis = static_cast<size_t>(given);
  const Dim depth = shape[axis];
  if (depth.is_symbol() && l.plan().find_data(depth.symbol_name()) == nullptr) {
    const auto most = l.stated(n.output(0), axis);
    if (!most)
      return unsupported("depth is known only when it runs, and the model states no bound");
    HONE_ASSIGN(PlanValue given_depth, use_typed(l, n, 1, DType::i64));
    l.measure(n, depth.symbol_name(), given_depth, 0, *most);
    l.check(Dim::apply(Dim::Op::less, {Dim(-1), depth}),
            "OneHot '" + n.name + "': a depth below 0");
  }
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue values, l.use_as(n.input(2), Layout::row_major));
  const PlanValue off = l.view(values, {Dim(1)}, {Dim(1)}, 0);
  const PlanValue on = l.view(values, {Dim(1)}, {Dim(1)}, 1);
  SymShape wide = shape;
  wide[axis] = Dim(1);
  const PlanValue hot = l.reshape_view(as_i64(l, n, indices), wide);
  const PlanValue place = places(l, n, shape, axis);
  SymShape line = l.at(place).shape;
  const PlanValue from_end =
      combined(l, n, Binary::sub, place, number(l, n, shape[axis]), std::move(line));
  const PlanValue front = compared(l, n, Binary::equal, hot, place, shape);
  const PlanValue back = compared(l, n, Binary::equal, hot, from_end, shape);
  const PlanValue either = combined(l, n, Binary::logical_or, front, back, shape, DType::boolean);
  chosen(l, n, either, on, off, l.define_as(n.output(0), Layout::row_major));
  return {};
}

Status lower_eye_like(Lowering& l, const Node& n) {
  const SymShape shape = *l.graph().fact(n.output(0)).shape;
  const PlanValue k = number(l, n.attributes.i("k", 0));
  const PlanValue on = compared(l, n, Binary::equal, across(l, n, shape[0], shape[1]), k, shape);
  l.add_step(n, "cast", {on}, {l.define_as(n.output(0), Layout::row_major)}, {}, {});
  return {};
}

Status lower_trilu(Lowering& l, const Node& n) {
  const SymShape shape = *l.graph().fact(n.input(0)).shape;
  const Dim rows = shape[shape.size() - 2], columns = shape.back();
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  PlanValue k = number(l, 0);
  if (n.input(1) != graph::none) {
    HONE_ASSIGN(k, l.use(n.input(1)));
    k = l.reshape_view(as_i64(l, n, k), {});
  }
  const Binary kept = n.attributes.i("upper", 1) != 0 ? Binary::greater_equal : Binary::less_equal;
  const PlanValue on = compared(l, n, kept, across(l, n, rows, columns), k, {rows, columns});
  const PlanValue zero = l.constant("zero", Tensor(l.at(x).dtype, {}));
  chosen(l, n, on, x, zero, l.define_as(n.output(0), Layout::row_major));
  return {};
}

// Elements t, b come from length - 1 - t, b where t < length, else from where they are.
Status lower_reverse_sequence(Lowering& l, const Node& n) {
  const size_t time = n.attributes.i("time_axis", 0) == 0 ? 0 : 1, batch = 1 - time;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue given, l.use_as(n.input(1), Layout::row_major));
  const SymShape &all = l.at(x).shape, shape = {all[0], all[1]};
  SymShape line(2, Dim(1));
  line[batch] = shape[batch];
  const PlanValue length = l.reshape_view(as_i64(l, n, given), line);
  const PlanValue t = places(l, n, shape, time), b = places(l, n, shape, batch);
  const PlanValue last = combined(l, n, Binary::sub, length, number(l, 1), line);
  const PlanValue mirrored = combined(l, n, Binary::sub, last, t, shape);
  const PlanValue inside = compared(l, n, Binary::less, t, length, shape);
  const PlanValue from = chosen(l, n, inside, mirrored, t, l.temporary(n.name, DType::i64, shape));
  // [t, b] pairs, in the order of x's axes.
  const PlanValue pairs = l.temporary(n.name, DType::i64, {shape[0], shape[1], Dim(2)});
  std::vector<Dim> strides = l.strides_of(pairs), along(2, Dim(0));
  strides.pop_back();
  along[batch] = Dim(1);
  l.copy(n, from, l.view(pairs, shape, strides, Dim(static_cast<int64_t>(time))));
  l.copy(n, l.view(b, shape, along, 0),
         l.view(pairs, shape, strides, Dim(static_cast<int64_t>(batch))));
  l.step(n, "gather_nd", {x, pairs}, {l.define_as(n.output(0), Layout::row_major)},
         kernels::GatherNdAttrs{0});
  return {};
}

}  // namespace hone::plan
