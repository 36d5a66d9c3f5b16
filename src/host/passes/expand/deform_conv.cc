// DeformConv: every tap of the filter reads between the pixels, at an offset that the data give: a
// GridSample for each group of offsets, and a product with the filters.
#include <fmt/format.h>

#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

struct Deform {
  int64_t batch, channels, h, w;
  int64_t filters, kernel[2], out[2];
  int64_t groups, offset_groups;
  std::vector<int64_t> strides, pads, dilations;
  int64_t taps() const { return kernel[0] * kernel[1]; }
};

Result<Deform> read(const Expansion& e) {
  for (size_t i : {0, 1, 2}) {
    if (!e.ranked(i) || !graph::all_const(e.shape(i))) {
      return unsupported(fmt::format("the shape of input {} is not fixed; give --profile", i));
    }
  }
  const Dims x = graph::const_dims(e.shape(0)), w = graph::const_dims(e.shape(1));
  const Dims offsets = graph::const_dims(e.shape(2));
  if (x.size() != 4) return unsupported("deformable convolution of 2 axes only");
  const graph::Attributes& a = e.attributes();
  Deform d{x[0],
           x[1],
           x[2],
           x[3],
           w[0],
           {w[2], w[3]},
           {offsets[2], offsets[3]},
           a.i("group", 1),
           a.i("offset_group", 1),
           a.ints("strides", {1, 1}),
           a.ints("pads", {0, 0, 0, 0}),
           a.ints("dilations", {1, 1})};
  if (d.channels % d.offset_groups == 0 && d.filters % d.groups == 0) return d;
  return unsupported("groups that do not divide the channels");
}

// Where the taps would read without offsets, in pixels: [out h, out w, taps, 2], x first.
Tensor regular_places(const Deform& d) {
  Tensor t(DType::f32, {d.out[0], d.out[1], d.taps(), 2});
  for (int64_t i = 0; i < t.count(); i += 2) {
    const int64_t tap = i / 2 % d.taps(), column = i / 2 / d.taps() % d.out[1];
    const int64_t row = i / 2 / d.taps() / d.out[1];
    t.set(i, static_cast<double>(column * d.strides[1] - d.pads[1] +
                                 tap % d.kernel[1] * d.dilations[1]));
    t.set(i + 1,
          static_cast<double>(row * d.strides[0] - d.pads[0] + tap / d.kernel[1] * d.dilations[0]));
  }
  return t;
}

// [batch, offset groups * taps * parts, out h, out w] -> [batch * groups, out h, out w, taps,
// parts]
ValueId by_place(Expansion& e, const Deform& d, ValueId v, int64_t parts) {
  const int64_t all = d.batch * d.offset_groups;
  v = e.reshape(v, {all, d.taps(), parts, d.out[0], d.out[1]});
  return e.transpose(v, {0, 3, 4, 1, 2});
}

// The grid that GridSample reads x at: a pixel's middle p is at (2 p + 1) / size - 1.
ValueId grid(Expansion& e, const Deform& d) {
  const ValueId offsets = by_place(e, d, e.in(2), 2);  // y first
  const ValueId turned = e.add("Gather", {offsets, e.ints({1, 0})}, {{"axis", int64_t{4}}});
  const ValueId places = e.add("Add", {turned, e.constant(regular_places(d))});
  const auto w = static_cast<double>(d.w), h = static_cast<double>(d.h);
  Tensor scale(DType::f32, {2}), shift(DType::f32, {2});
  scale.set(0, 2 / w), scale.set(1, 2 / h);
  shift.set(0, 1 / w - 1), shift.set(1, 1 / h - 1);
  const ValueId scaled = e.add("Mul", {places, e.constant(std::move(scale))});
  const ValueId y = e.add("Add", {scaled, e.constant(std::move(shift))});
  return e.reshape(y, {d.batch * d.offset_groups, d.out[0] * d.out[1], d.taps(), 2});
}

// [groups, channels of one * taps, filters of one], the channel before the tap.
ValueId filters(Expansion& e, const Deform& d) {
  const int64_t depth = d.channels / d.groups * d.taps();
  return e.transpose(e.reshape(e.in(1), {d.groups, d.filters / d.groups, depth}), {0, 2, 1});
}

}  // namespace

Status expand_deform_conv(Expansion& e) {
  HONE_ASSIGN(const Deform d, read(e));
  const int64_t all = d.batch * d.offset_groups, places = d.out[0] * d.out[1];
  const ValueId x = e.reshape(e.in(0), {all, d.channels / d.offset_groups, d.h, d.w});
  ValueId read_at = e.add("GridSample", {x, grid(e, d)});
  if (e.has(4)) {
    const ValueId mask = by_place(e, d, e.in(4), 1);
    read_at = e.add("Mul", {read_at, e.reshape(mask, {all, 1, places, d.taps()})});
  }
  // [batch, groups, places, channels of one * taps]
  const int64_t channels = d.channels / d.groups;
  read_at = e.reshape(read_at, {d.batch, d.groups, channels, places, d.taps()});
  read_at = e.transpose(read_at, {0, 1, 3, 2, 4});
  read_at = e.reshape(read_at, {d.batch, d.groups, places, channels * d.taps()});
  ValueId y = e.add("MatMul", {read_at, filters(e, d)});
  y = e.reshape(e.transpose(y, {0, 1, 3, 2}), {d.batch, d.filters, d.out[0], d.out[1]});
  if (e.has(3)) y = e.add("Add", {y, e.reshape(e.in(3), {1, d.filters, 1, 1})});
  e.give(0, y);
  return {};
}

}  // namespace hone::passes
