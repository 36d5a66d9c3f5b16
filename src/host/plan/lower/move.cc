// Data movement: transposes, slices, concatenation, broadcasting, padding, gathering.

#include <cstring>

#include <fmt/format.h>

#include "device/kernels/copy/copy.h"
#include "device/kernels/fill/fill.h"
#include "device/kernels/gather/gather.h"
#include "device/kernels/pad/pad.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/run_time.h"
#include "host/plan/lower/strided.h"

namespace hone::plan {

Status lower_transpose(Lowering& l, const Node& n) {
  int rank = l.graph().fact(n.input(0)).rank();
  std::vector<int64_t> reversed;
  for (int i = rank; i-- > 0;) reversed.push_back(i);
  auto perm = n.attributes.ints("perm", reversed);
  // The operand as it lies, read through permuted strides into the result as it shall lie.
  Layout from = l.graph().value(n.input(0)).layout, to = l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), from));
  auto x_strides = l.strides_of(x);
  SymShape shape;
  std::vector<Dim> strides;
  bool same_order = true;
  int last = -1;
  for (int axis : graph::physical_order(rank, to)) {
    int source = static_cast<int>(perm[static_cast<size_t>(axis)]);
    int physical = graph::physical_axis(rank, source, from);
    shape.push_back(l.at(x).shape[static_cast<size_t>(physical)]);
    strides.push_back(x_strides[static_cast<size_t>(physical)]);
    if (shape.back() == Dim(1)) continue;
    same_order = same_order && physical > last;
    last = physical;
  }
  if (same_order && l.is_dense(x)) {  // only dimensions of 1 move: the same memory
    l.define_view_as(n.output(0), x, to);
    return {};
  }
  PlanValue turned = l.view(x, std::move(shape), std::move(strides), 0);
  define_view_or_copy(l, n, n.output(0), turned, to);
  return {};
}

namespace {

// The part of dense `base` that begins at `begin` of physical axis `axis` and has `size` there.
PlanValue part(Lowering& l, PlanValue base, size_t axis, const Dim& begin, const Dim& size) {
  auto strides = l.strides_of(base);
  SymShape shape = l.at(base).shape;
  shape[axis] = size;
  Dim offset = begin * strides[axis];
  return l.view(base, std::move(shape), std::move(strides), offset);
}

}  // namespace

Status lower_concat(Lowering& l, const Node& n) {
  const graph::Value& out = l.graph().value(n.output(0));
  int rank = out.fact.rank();
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 1), rank));
  auto at = static_cast<size_t>(graph::physical_axis(rank, axis, out.layout));
  std::vector<PlanValue> parts;
  for (ValueId v : n.inputs) {
    HONE_ASSIGN(PlanValue x, l.use_as(v, out.layout));
    parts.push_back(x);
  }
  PlanValue y = l.define(n.output(0));
  l.assembled.insert(l.at(y).storage);
  Dim begin = 0;
  for (PlanValue x : parts) {
    const Dim size = l.at(x).shape[at];
    l.copy(n, x, part(l, y, at, begin, size));
    begin = begin + size;
  }
  return {};
}

Status lower_split(Lowering& l, const Node& n) {
  const graph::Value& in = l.graph().value(n.input(0));
  int rank = in.fact.rank();
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 0), rank));
  auto at = static_cast<size_t>(graph::physical_axis(rank, axis, in.layout));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), in.layout));
  // Nothing but dimensions of 1 before the axis: each output is one stretch of the operand's
  // memory.
  const Dim before = graph::product(l.at(x).shape, 0, at);
  const bool whole_rows = before == Dim(1) && l.at(x).strides.empty();
  Dim begin = 0;
  for (ValueId v : n.outputs) {
    if (v == graph::none) return unsupported("an output of Split is left out");
    const Dim size = (*l.graph().fact(v).shape)[static_cast<size_t>(axis)];
    const PlanValue piece = part(l, x, at, begin, size);
    if (l.graph().users(v).empty() && !l.graph().is_block_output(v)) {
      begin = begin + size;  // nobody reads it
      continue;
    }
    if (whole_rows) {
      l.define_view_as(v, l.view(x, l.at(piece).shape, {}, begin * l.strides_of(x)[at]), in.layout);
    } else {
      define_view_or_copy(l, n, v, piece, in.layout);
    }
    begin = begin + size;
  }
  return {};
}

namespace {

struct SliceAxis {
  Dim start, size;
  int64_t step = 1;
};

// ONNX Slice on one axis: starts and ends may be negative (from the end) or beyond it (clamped).
Dim resolve_start(const Dim& start, const Dim& extent, int64_t step) {
  auto lower = start.lower_bound(0), upper = start.upper_bound(0);
  Dim from_front = start;
  if (upper && *upper < 0) {
    from_front = start + extent;
  } else if (!lower || *lower < 0) {
    from_front = Dim::apply(Dim::Op::select,
                            {Dim::apply(Dim::Op::less, {start, Dim(0)}), start + extent, start});
  }
  Dim last = step > 0 ? extent : extent - Dim(1);
  return min(max(from_front, Dim(0)), last);
}

Result<std::vector<SliceAxis>> slice_axes(Lowering& l, const Node& n, const SymShape& in,
                                          const SymShape& out) {
  std::vector<SliceAxis> result(in.size());
  for (size_t i = 0; i < in.size(); ++i) result[i] = {Dim(0), in[i], 1};
  std::vector<Dim> starts;
  std::vector<int64_t> which, steps;
  if (n.version < 10) {
    for (int64_t s : n.attributes.ints("starts")) starts.emplace_back(s);
    which = n.attributes.ints("axes");
  } else {
    HONE_ASSIGN(starts, l.content(n, 1));
    if (n.input(3) != graph::none) {
      HONE_ASSIGN(which, l.ints(n, 3));
    }
    if (n.input(4) != graph::none) {
      HONE_ASSIGN(steps, l.ints(n, 4));
    }
  }
  for (size_t i = 0; i < starts.size(); ++i) {
    int rank = static_cast<int>(in.size());
    HONE_ASSIGN(int axis, normal_axis(which.empty() ? static_cast<int64_t>(i) : which[i], rank));
    auto at = static_cast<size_t>(axis);
    int64_t step = steps.empty() ? 1 : steps[i];
    result[at] = {resolve_start(starts[i], in[at], step), out[at], step};
  }
  return result;
}

bool is_known(const Lowering& l, const Node& n, size_t input) {
  return n.input(input) == graph::none || l.ints(n, input).ok();
}

}  // namespace

Status lower_slice(Lowering& l, const Node& n) {
  if (n.version >= 10 && !(is_known(l, n, 3) && is_known(l, n, 4) && l.content(n, 1).ok())) {
    return slice_by_data(l, n);
  }
  const graph::Value& in = l.graph().value(n.input(0));
  const SymShape &xs = *in.fact.shape, &ys = *l.graph().fact(n.output(0)).shape;
  HONE_ASSIGN(auto parts, slice_axes(l, n, xs, ys));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), in.layout));
  int rank = static_cast<int>(xs.size());
  auto strides = l.strides_of(x);
  SymShape shape(xs.size());
  Dim offset = 0;
  uint32_t flip = 0;
  for (int axis = 0; axis < rank; ++axis) {
    const SliceAxis& p = parts[static_cast<size_t>(axis)];
    auto at = static_cast<size_t>(graph::physical_axis(rank, axis, in.layout));
    shape[at] = p.size;
    Dim first = p.start;
    if (p.step < 0) {  // read backwards: the view begins at the last element taken
      flip |= 1u << at;
      first = p.start + (p.size - Dim(1)) * Dim(p.step);
    }
    // An empty slice may begin past the end; its view must not.
    offset = offset + Dim::apply(Dim::Op::select,
                                 {Dim::apply(Dim::Op::equal, {p.size, Dim(0)}), Dim(0), first}) *
                          strides[at];
    strides[at] = strides[at] * Dim(p.step < 0 ? -p.step : p.step);
  }
  PlanValue part = l.view(x, std::move(shape), std::move(strides), offset);
  if (flip == 0) {
    define_view_or_copy(l, n, n.output(0), part, in.layout);
  } else {
    l.copy(n, part, l.define_as(n.output(0), in.layout), flip);
  }
  return {};
}

Status lower_expand(Lowering& l, const Node& n) {
  const graph::Value& out = l.graph().value(n.output(0));
  int rank = out.fact.rank();
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  auto own = l.strides_of(x);
  const SymShape in = l.at(x).shape;
  const SymShape& shape = *out.fact.shape;
  std::vector<Dim> strides(static_cast<size_t>(rank), Dim(0));
  for (size_t i = 0; i < in.size(); ++i) {
    size_t to = i + static_cast<size_t>(rank) - in.size();
    // A dimension of 1 is read again and again: stride 0.
    Dim one = Dim::apply(Dim::Op::equal, {in[i], Dim(1)});
    strides[to] = Dim::apply(Dim::Op::select, {one, Dim(0), own[i]});
  }
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.copy(n, l.view(x, shape, std::move(strides), 0), y);
  return {};
}

Status lower_tile(Lowering& l, const Node& n) {
  // [d0, d1] tiled r0, r1 times is [1, d0, 1, d1] broadcast to [r0, d0, r1, d1]. What is 1 needs no
  // dimension.
  HONE_ASSIGN(std::vector<Dim> repeats, l.content(n, 1));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape in = l.at(x).shape;
  auto own = l.strides_of(x);
  SymShape wide;
  std::vector<Dim> strides;
  for (size_t i = 0; i < in.size(); ++i) {
    for (const auto& [size, stride] : {std::pair(repeats[i], Dim(0)), std::pair(in[i], own[i])}) {
      if (size == Dim(1)) continue;
      wide.push_back(size);
      strides.push_back(stride);
    }
  }
  if (wide.empty()) wide.emplace_back(1), strides.emplace_back(0);
  if (wide.size() > max_rank) return unsupported("Tile of more than 8 repeats and sizes over 1");
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.copy(n, l.view(x, wide, std::move(strides), 0), l.reshape_view(y, wide));
  return {};
}

Status lower_pad(Lowering& l, const Node& n) {
  const graph::Value& in = l.graph().value(n.input(0));
  int rank = in.fact.rank();
  std::vector<Dim> pads;
  std::vector<int64_t> which;
  if (n.version < 11) {
    for (int64_t p : n.attributes.ints("pads")) pads.emplace_back(p);
  } else {
    HONE_ASSIGN(pads, l.content(n, 1));
    if (n.input(3) != graph::none) {
      HONE_ASSIGN(const std::vector<Dim> axes, l.content(n, 3));
      HONE_ASSIGN(pads, pads_by_axis(l, n, pads, axes, static_cast<size_t>(rank)));
    }
  }
  for (int i = 0; i < rank; ++i) which.push_back(i);
  std::vector<Dim> dims(2 * static_cast<size_t>(rank), Dim(0));
  for (size_t i = 0; i < which.size(); ++i) {
    HONE_ASSIGN(int axis, normal_axis(which[i], rank));
    auto at = static_cast<size_t>(graph::physical_axis(rank, axis, in.layout));
    dims[at] = pads[i];
    dims[at + static_cast<size_t>(rank)] = pads[i + which.size()];
  }
  constexpr const char* modes[] = {"constant", "reflect", "edge", "wrap"};
  kernels::PadAttrs a{};
  std::string mode = n.attributes.s("mode", "constant");
  for (int i = 0; i < 4; ++i) {
    if (mode == modes[i]) a.mode = static_cast<kernels::PadMode>(i);
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), in.layout));
  PlanValue value = absent;
  if (n.version < 11 && a.mode == kernels::PadMode::constant) {
    Tensor t(in.fact.dtype, {});
    t.set(0, static_cast<double>(n.attributes.f("value", 0)));
    value = l.constant("pad value", t);
  } else if (n.version >= 11 && a.mode == kernels::PadMode::constant) {
    HONE_ASSIGN(value, l.use(n.input(2)));
    if (value != absent) value = l.reshape_view(value, {});
  }
  l.step(n, "pad", {x, value}, {l.define_as(n.output(0), in.layout)}, a, std::move(dims));
  return {};
}

namespace {

// Element `at` along the axis.
PlanValue picked(Lowering& l, PlanValue x, size_t axis, int64_t at) {
  SymShape shape = l.at(x).shape;
  std::vector<Dim> strides = l.strides_of(x);
  const Dim offset = strides[axis] * Dim(at);
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return l.view(x, std::move(shape), std::move(strides), offset);
}

}  // namespace

Status lower_gather(Lowering& l, const Node& n) {
  int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 0), rank));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  if (const auto at = constant_index(l.graph(), n)) {
    PlanValue one = picked(l, x, static_cast<size_t>(axis), *at);
    define_view_or_copy(l, n, n.output(0), one, Layout::row_major);
    return {};
  }
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(1), Layout::row_major));
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.step(n, "gather", {x, indices}, {y}, kernels::GatherAttrs{axis});
  return {};
}

Status lower_constant_of_shape(Lowering& l, const Node& n) {
  Tensor value = n.attributes.tensor("value");
  kernels::FillAttrs a{kernels::Fill::value, 0, 0};
  if (value) {
    int64_t size = bits(value.dtype()) / 8;
    if (size < 1 || size > 8) return unsupported("ConstantOfShape of this type");
    int32_t words[2] = {0, 0};
    std::memcpy(words, value.data(), static_cast<size_t>(size));
    a.lo = words[0], a.hi = words[1];
  }
  l.step(n, "fill", {}, {l.define_as(n.output(0), Layout::row_major)}, a);
  return {};
}

namespace {

// A dimension as the product of some, outermost first.
using Factors = std::vector<Dim>;

// Strides of the factors of a value's dimensions, in ONNX's order, as it lies in `layout`.
std::vector<Dim> factor_strides(Lowering& l, PlanValue v, Layout layout,
                                const std::vector<Factors>& dims) {
  const auto own = l.strides_of(v);
  const int rank = static_cast<int>(dims.size());
  std::vector<Dim> strides;
  for (int axis = 0; axis < rank; ++axis) {
    const Factors& f = dims[static_cast<size_t>(axis)];
    for (size_t k = 0; k < f.size(); ++k) {
      Dim s = own[static_cast<size_t>(graph::physical_axis(rank, axis, layout))];
      for (size_t inner = k + 1; inner < f.size(); ++inner) s = s * f[inner];
      strides.push_back(s);
    }
  }
  return strides;
}

// y = x with the factors of its dimensions in another order, as one copy between the layouts they
// have: factor i of y is factor perm[i] of x.
Status regroup(Lowering& l, const Node& n, const std::vector<Factors>& x_dims,
               const std::vector<Factors>& y_dims, const std::vector<size_t>& perm) {
  const Layout from = l.graph().value(n.input(0)).layout, to = l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), from));
  PlanValue y = l.define_as(n.output(0), to);
  const auto x_strides = factor_strides(l, x, from, x_dims);
  const auto y_strides = factor_strides(l, y, to, y_dims);
  SymShape shape;
  for (const Factors& f : y_dims) shape.insert(shape.end(), f.begin(), f.end());
  std::vector<Dim> strides;
  for (size_t p : perm) strides.push_back(x_strides[p]);
  l.copy(n, l.view(x, shape, std::move(strides), 0), l.view(y, shape, y_strides, 0));
  return {};
}

}  // namespace

Status lower_depth_to_space(Lowering& l, const Node& n) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &y = *l.graph().fact(n.output(0)).shape;
  const Dim b = n.attributes.i("blocksize", 1);
  const std::vector<Factors> to = {{x[0]}, {y[1]}, {x[2], b}, {x[3], b}};
  if (n.attributes.s("mode", "DCR") == "CRD") {
    return regroup(l, n, {{x[0]}, {y[1], b, b}, {x[2]}, {x[3]}}, to, {0, 1, 4, 2, 5, 3});
  }
  return regroup(l, n, {{x[0]}, {b, b, y[1]}, {x[2]}, {x[3]}}, to, {0, 3, 4, 1, 5, 2});
}

Status lower_space_to_depth(Lowering& l, const Node& n) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &y = *l.graph().fact(n.output(0)).shape;
  const Dim b = n.attributes.i("blocksize", 1);
  const std::vector<Factors> from = {{x[0]}, {x[1]}, {y[2], b}, {y[3], b}};
  if (n.attributes.s("mode", "DCR") == "CRD") {
    return regroup(l, n, from, {{x[0]}, {x[1], b, b}, {y[2]}, {y[3]}}, {0, 1, 3, 5, 2, 4});
  }
  return regroup(l, n, from, {{x[0]}, {b, b, x[1]}, {y[2]}, {y[3]}}, {0, 3, 5, 1, 2, 4});
}

Status lower_channel_shuffle(Lowering& l, const Node& n) {
  const SymShape& x = *l.graph().fact(n.input(0)).shape;
  const Dim g = n.attributes.i("groups", 1), each = floor_div(x[1], g);
  return regroup(l, n, {{x[0]}, {g, each}, {x[2]}, {x[3]}}, {{x[0]}, {each, g}, {x[2]}, {x[3]}},
                 {0, 2, 1, 3, 4});
}

}  // namespace hone::plan
