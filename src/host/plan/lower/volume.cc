#include "host/plan/lower/volume.h"

#include <limits>

#include "device/kernels/pad/pad.h"

namespace hone::plan {

PlanValue dense(Lowering& l, const Node& n, PlanValue v) {
  if (v == absent || l.is_dense(v)) return v;
  const PlanValue whole = l.temporary(l.at(v).name, l.at(v).dtype, l.at(v).shape);
  l.copy(n, v, whole);
  return whole;
}

PlanValue as_planes(Lowering& l, PlanValue dense) {
  const SymShape s = l.at(dense).shape;
  return l.reshape_view(dense, {s[0] * s[1], s[2], s[3], s[4]});
}

PlanValue as_depths(Lowering& l, PlanValue dense) {
  const SymShape s = l.at(dense).shape;
  return l.reshape_view(dense, {s[0], s[1], s[2] * s[3], s[4]});
}

namespace {

// Planes of zeros before and behind.
PlanValue padded(Lowering& l, const Node& n, PlanValue x, const WindowAxis& depth) {
  if (depth.begin == 0 && depth.end == 0) return x;
  SymShape shape = l.at(x).shape;
  shape[1] = shape[1] + Dim(int64_t{depth.begin} + depth.end);
  const PlanValue wide = l.temporary(l.at(x).name + " padded", l.at(x).dtype, std::move(shape));
  std::vector<Dim> pads(10, Dim(0));
  pads[1] = depth.begin, pads[6] = depth.end;
  l.step(n, "pad", {x, absent}, {wide}, kernels::PadAttrs{kernels::PadMode::constant},
         std::move(pads));
  return wide;
}

// [N, D, H, W, C] -> [N * OD, H, W, groups * taps * C / groups]: a pixel's channels are those of
// all planes that its place in the result sees, group by group.
PlanValue gathered(Lowering& l, const Node& n, PlanValue x, const WindowAxis& depth,
                   const Dim& out_depth, int64_t groups) {
  x = padded(l, n, x, depth);
  const SymShape s = l.at(x).shape;
  const std::vector<Dim> own = l.strides_of(x);
  const Dim each = floor_div(s[4], Dim(groups));
  const SymShape seen = {s[0], out_depth, s[2], s[3], Dim(groups), Dim(depth.kernel), each};
  PlanValue view = l.view(x, seen,
                          {own[0], own[1] * Dim(depth.stride), own[2], own[3], each,
                           own[1] * Dim(depth.dilation), Dim(1)},
                          0);
  const PlanValue made = l.temporary(l.at(x).name + " by depth", l.at(x).dtype, seen);
  l.copy(n, view, made);
  return l.reshape_view(made, {s[0] * out_depth, s[2], s[3], s[4] * Dim(depth.kernel)});
}

// [O, KD, KH, KW, I] -> [O, KH, KW, KD * I].
Result<PlanValue> gathered_filters(Lowering& l, const Node& n) {
  const ValueId v = n.input(1);
  if (const Tensor* t = l.graph().constant(v)) {  // [O, I, KD, KH, KW]
    const int64_t in = t->dims()[1], depth = t->dims()[2], plane = t->dims()[3] * t->dims()[4];
    Tensor out(t->dtype(), {t->dims()[0], t->dims()[3], t->dims()[4], depth * in});
    for (int64_t k = 0; k < out.count(); ++k) {
      const int64_t i = k % in, d = k / in % depth, p = k / (in * depth) % plane;
      const int64_t o = k / (in * depth * plane);
      out.set(k, t->at(((o * in + i) * depth + d) * plane + p));
    }
    return l.constant(l.graph().value(v).name, std::move(out));
  }
  HONE_ASSIGN(PlanValue w, l.use_as(v, Layout::channels_last));
  const SymShape s = l.at(w).shape;
  const std::vector<Dim> own = l.strides_of(w);
  const SymShape turned = {s[0], s[2], s[3], s[1], s[4]};
  const PlanValue made = l.temporary(l.at(w).name, l.at(w).dtype, turned);
  l.copy(n, l.view(w, turned, {own[0], own[2], own[3], own[1], own[4]}, 0), made);
  return l.reshape_view(made, {s[0], s[2], s[3], s[1] * s[4]});
}

}  // namespace

Result<VolumeConv> conv_of_planes(Lowering& l, const Node& n) {
  const SymShape &xs = *l.graph().fact(n.input(0)).shape, &ws = *l.graph().fact(n.input(1)).shape;
  const SymShape& ys = *l.graph().fact(n.output(0)).shape;
  VolumeConv v{};
  HONE_ASSIGN(const auto axes, volume_attrs(n, xs, ws, ys, &v.attrs));
  const WindowAxis& depth = axes[0];
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::channels_last));
  x = dense(l, n, x);
  HONE_ASSIGN(v.bias, l.use(n.input(2)));
  HONE_ASSIGN(v.residual, l.use_as(n.input(3), Layout::channels_last));
  v.residual = dense(l, n, v.residual);
  // Without taps along the depth every plane is by itself; without others the depth is.
  const bool by_depth = axes[1].trivial() && axes[2].trivial() && !depth.trivial();
  if (depth.trivial() || by_depth) {
    HONE_ASSIGN(PlanValue w, l.use_as(n.input(1), Layout::channels_last));
    const SymShape s = l.at(w).shape;
    v.w = l.reshape_view(
        w, depth.trivial() ? SymShape{s[0], s[2], s[3], s[4]} : SymShape{s[0], s[1], Dim(1), s[4]});
    v.x = by_depth ? as_depths(l, x) : as_planes(l, x);
    if (by_depth) {
      v.attrs.kernel_h = depth.kernel, v.attrs.stride_h = depth.stride;
      v.attrs.dilation_h = depth.dilation;
      v.attrs.pad_t = depth.begin, v.attrs.pad_b = depth.end;
    }
  } else {
    v.x = gathered(l, n, x, depth, ys[2], v.attrs.groups);
    HONE_ASSIGN(v.w, gathered_filters(l, n));
  }
  const PlanValue y = l.define_as(n.output(0), Layout::channels_last);
  v.y = by_depth ? as_depths(l, y) : as_planes(l, y);
  if (v.residual != absent) {
    v.residual = by_depth ? as_depths(l, v.residual) : as_planes(l, v.residual);
  }
  return v;
}

}  // namespace hone::plan
