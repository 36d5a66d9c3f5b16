// Layer, RMS, group and instance normalisation -> family norm, which sees [outer, rows, groups,
// size] and normalises over rows and size.

#include "device/kernels/norm/norm.h"

#include "device/kernels/binary/binary.h"
#include "device/kernels/pool/pool.h"
#include "device/kernels/reduce/reduce.h"
#include "device/kernels/unary/unary.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

// A scale or bias as one dimension of `count` elements; where it is smaller than the normalised
// part `inner` it is spread by a copy.
Result<PlanValue> parameter(Lowering& l, const Node& n, size_t input, const SymShape& inner) {
  HONE_ASSIGN(PlanValue v, l.use_as(n.input(input), Layout::row_major));
  if (v == absent) return absent;
  const Dim count = graph::product(inner, 0, inner.size());
  const SymShape shape = l.at(v).shape;
  if (l.at(v).dtype != DType::f32) return unsupported("scale and bias of other types than f32");
  if (graph::product(shape, 0, shape.size()) == count) return l.reshape_view(v, {count});
  const auto own = l.strides_of(v);
  std::vector<Dim> strides(inner.size(), Dim(0));
  for (size_t i = 0; i < shape.size(); ++i) {
    const Dim one = Dim::apply(Dim::Op::equal, {shape[i], Dim(1)});
    strides[i + inner.size() - shape.size()] = Dim::apply(Dim::Op::select, {one, Dim(0), own[i]});
  }
  PlanValue whole = l.temporary(l.at(v).name, DType::f32, inner);
  l.copy(n, l.view(v, inner, std::move(strides), 0), whole);
  return l.reshape_view(whole, {count});
}

Status check_type(const Lowering& l, const Node& n) {
  DType t = l.graph().fact(n.input(0)).dtype;
  if (t == DType::f32) return {};
  return unsupported(std::string("no normalisation kernel for ") + name(t));
}

// One step over `x` seen as `wide`, writing `y`.
void norm_step(Lowering& l, const Node& n, PlanValue x, PlanValue scale, PlanValue bias,
               std::vector<PlanValue> out, const SymShape& wide, bool centre) {
  kernels::NormAttrs a{centre ? 1 : 0, n.attributes.f("epsilon", 1e-5f)};
  out[0] = l.reshape_view(out[0], wide);
  while (out.size() > 1 && out.back() == absent) out.pop_back();
  l.step(n, "norm", {l.reshape_view(x, wide), scale, bias}, std::move(out), a);
}

}  // namespace

Status lower_layer_norm(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_type(l, n));
  const SymShape& shape = *l.graph().fact(n.input(0)).shape;
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", -1), static_cast<int>(shape.size())));
  if (n.attributes.i("stash_type", 1) != 1) return unsupported("stash_type other than f32");
  const SymShape inner(shape.begin() + axis, shape.end());
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue scale, parameter(l, n, 1, inner));
  HONE_ASSIGN(PlanValue bias, parameter(l, n, 2, inner));
  const Dim outer = graph::product(shape, 0, static_cast<size_t>(axis));
  const Dim size = graph::product(inner, 0, inner.size());
  std::vector<PlanValue> out;
  for (size_t i = 0; i < n.outputs.size(); ++i) {
    ValueId v = n.output(i);
    out.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
    if (i > 0 && v != graph::none) out.back() = l.reshape_view(out.back(), {outer, Dim(1)});
  }
  norm_step(l, n, x, scale, bias, std::move(out), {outer, Dim(1), Dim(1), size},
            n.is("LayerNormalization"));
  return {};
}

// Instance normalisation has a group for each channel. The picture is taken channels last, where
// convolutions leave it; ranks without that layout are normalised plane by plane, then scaled.
Status lower_group_norm(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_type(l, n));
  const SymShape& shape = *l.graph().fact(n.input(0)).shape;
  const Dim channels = shape[1], plane = graph::product(shape, 2, shape.size());
  const Dim groups =
      n.is("InstanceNormalization") ? channels : Dim(n.attributes.i("num_groups", 1));
  const Dim size = floor_div(channels, groups);
  const bool last = shape.size() >= 3 && shape.size() <= 5;
  const Layout layout = last ? Layout::channels_last : Layout::row_major;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  // Before opset 21 GroupNormalization's scale and bias have one element for each group.
  const bool by_group = n.is("GroupNormalization") && n.version < 21;
  HONE_ASSIGN(PlanValue scale, l.use(n.input(1)));
  HONE_ASSIGN(PlanValue bias, l.use(n.input(2)));
  if (by_group) {
    for (PlanValue* v : {&scale, &bias}) {
      PlanValue whole = l.temporary(l.at(*v).name, DType::f32, {groups, size});
      l.copy(n, l.view(*v, {groups, size}, {Dim(1), Dim(0)}, 0), whole);
      *v = l.reshape_view(whole, {channels});
    }
  }
  PlanValue y = l.define_as(n.output(0), layout);
  if (last) {
    norm_step(l, n, x, scale, bias, {y}, {shape[0], plane, groups, size}, true);
    return {};
  }
  // Row-major: a plane of every channel beside the next; channels' scales apply to whole planes.
  const SymShape wide = {shape[0], Dim(1), groups, size * plane};
  PlanValue normal = l.temporary(n.name, DType::f32, l.at(x).shape);
  norm_step(l, n, x, absent, absent, {normal}, wide, true);
  const SymShape flat = {shape[0], channels, plane}, row = {channels, Dim(1)};
  PlanValue scaled = l.temporary(n.name, DType::f32, flat);
  l.step(n, "binary", {l.reshape_view(normal, flat), l.reshape_view(scale, row)}, {scaled},
         kernels::BinaryAttrs{kernels::Binary::mul, kernels::Act::none, 0, 0});
  l.step(n, "binary", {scaled, l.reshape_view(bias, row)}, {l.reshape_view(y, flat)},
         kernels::BinaryAttrs{kernels::Binary::add, kernels::Act::none, 0, 0});
  return {};
}

namespace {

// The same as a reduction over `axes` of x, in a temporary with the axes kept.
PlanValue reduced(Lowering& l, const Node& n, PlanValue x, kernels::Reduce op, uint32_t axes) {
  SymShape shape = l.at(x).shape;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (axes >> i & 1) shape[i] = Dim(1);
  }
  PlanValue y = l.temporary(n.name, DType::f32, shape);
  l.step(n, "reduce", {x}, {y}, kernels::ReduceAttrs{op, axes, 0});
  return y;
}

PlanValue combined(Lowering& l, const Node& n, kernels::Binary op, PlanValue a, PlanValue b,
                   PlanValue y = absent) {
  if (y == absent) y = l.temporary(n.name, DType::f32, l.at(a).shape);
  l.step(n, "binary", {a, b}, {y}, kernels::BinaryAttrs{op, kernels::Act::none, 0, 0});
  return y;
}

Result<uint32_t> physical_axes(const std::vector<int64_t>& axes, int rank, Layout layout) {
  uint32_t bits = 0;
  for (int64_t a : axes) {
    HONE_ASSIGN(int axis, normal_axis(a, rank));
    bits |= 1u << graph::physical_axis(rank, axis, layout);
  }
  return bits;
}

}  // namespace

// (x - mean) / (deviation + 1e-9), moments over axes.
Status lower_mean_variance(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_type(l, n));
  const Layout layout = l.graph().value(n.output(0)).layout;
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(uint32_t axes, physical_axes(n.attributes.ints("axes", {0, 2, 3}), rank, layout));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue y = l.define(n.output(0));
  if (axes == 0) return unsupported("MeanVarianceNormalization over no axis");
  using kernels::Binary, kernels::Reduce;
  PlanValue mean = reduced(l, n, x, Reduce::mean, axes);
  PlanValue centred = combined(l, n, Binary::sub, x, mean);
  PlanValue squares = combined(l, n, Binary::mul, centred, centred);
  PlanValue variance = reduced(l, n, squares, Reduce::mean, axes);
  PlanValue deviation = l.temporary(n.name, DType::f32, l.at(variance).shape);
  l.step(n, "unary", {variance}, {deviation},
         kernels::UnaryAttrs{static_cast<int32_t>(kernels::Unary::sqrt), 0, 0});
  PlanValue little = l.constant("epsilon", Tensor::scalar(1e-9f));
  combined(l, n, Binary::div, centred, combined(l, n, Binary::add, deviation, little), y);
  return {};
}

// x over its norm along one axis; 0 where the norm is 0.
Status lower_lp_norm(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_type(l, n));
  const Layout layout = l.graph().value(n.output(0)).layout;
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(uint32_t axes, physical_axes({n.attributes.i("axis", -1)}, rank, layout));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  using kernels::Binary, kernels::Reduce;
  const bool absolute = n.attributes.i("p", 2) == 1;
  PlanValue norm = reduced(l, n, x, absolute ? Reduce::l1 : Reduce::l2, axes);
  // A norm of 0 means that all of x is 0, and so is x over the smallest number.
  constexpr float smallest = 1.17549435e-38f;
  PlanValue little = l.constant("smallest", Tensor::scalar(smallest));
  PlanValue divisor = combined(l, n, Binary::max, norm, little);
  combined(l, n, Binary::div, x, divisor, l.define(n.output(0)));
  return {};
}

// x over (bias + alpha mean of squares)^beta, the mean over neighbouring channels: an average pool
// along the channels, outside of which are zeros that count.
Status lower_lrn(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_type(l, n));
  const SymShape shape = *l.graph().fact(n.input(0)).shape;
  const int64_t size = n.attributes.i("size", 1);
  if (size > 4096) return unsupported("LRN over more than 4096 channels");
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape wide = {shape[0], shape[1], Dim(1), graph::product(shape, 2, shape.size())};
  x = l.reshape_view(x, wide);
  using kernels::Binary;
  const PlanValue squares = combined(l, n, Binary::mul, x, x);
  PlanValue mean = l.temporary(n.name, DType::f32, wide);
  const auto window = static_cast<int32_t>(size);
  kernels::PoolAttrs a{};
  a.kind = kernels::Pool::average;
  a.kernel_h = window, a.kernel_w = 1;
  a.stride_h = a.stride_w = a.dilation_h = a.dilation_w = 1;
  a.pad_t = (window - 1) / 2, a.pad_b = window / 2;
  a.count_include_pad = 1;
  l.step(n, "pool", {squares}, {mean}, a);
  auto number = [&](float v) { return l.constant("number", Tensor::scalar(v)); };
  auto root = [&](PlanValue v) {
    PlanValue y = l.temporary(n.name, DType::f32, wide);
    l.step(n, "unary", {v}, {y},
           kernels::UnaryAttrs{static_cast<int32_t>(kernels::Unary::sqrt), 0, 0});
    return y;
  };
  mean = combined(l, n, Binary::mul, mean, number(n.attributes.f("alpha", 1e-4f)));
  mean = combined(l, n, Binary::add, mean, number(n.attributes.f("bias", 1)));
  const float beta = n.attributes.f("beta", 0.75f);
  PlanValue divisor = absent;
  if (beta == 0.75f) {  // what models have: two roots instead of a power
    const PlanValue half = root(mean);
    divisor = combined(l, n, Binary::mul, half, root(half));
  } else {
    divisor = combined(l, n, Binary::pow, mean, number(beta));
  }
  const PlanValue y = l.define_as(n.output(0), Layout::row_major);
  combined(l, n, Binary::div, x, divisor, l.reshape_view(y, wide));
  return {};
}

}  // namespace hone::plan
