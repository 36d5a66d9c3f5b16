// HalfConv and HalfGemm -> family hconv.

#include "device/kernels/hconv/hconv.h"

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

// All rows of a matrix, or of several, as the pixels of one picture.
Result<PlanValue> as_pixels(Lowering& l, const Node& n, ValueId v) {
  HONE_ASSIGN(PlanValue x, l.use_as(v, Layout::row_major));
  if (x == absent) return absent;
  if (!l.is_dense(x)) {
    const PlanValue dense = l.temporary(n.name, l.at(x).dtype, l.at(x).shape);
    l.copy(n, x, dense);
    x = dense;
  }
  const SymShape& s = l.at(x).shape;
  return l.reshape_view(x, {Dim(1), Dim(1), graph::product(s, 0, s.size() - 1), s.back()});
}

}  // namespace

Status lower_half_conv(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  const SymShape& w = *l.graph().fact(n.input(1)).shape;
  if (xf.rank() == 5) {
    HONE_ASSIGN(const VolumeConv v, conv_of_planes(l, n));
    l.step(n, "hconv", {v.x, v.w, v.bias, v.residual}, {v.y},
           kernels::HConvAttrs{v.attrs, static_cast<int32_t>(xf.dtype)});
    return {};
  }
  if (xf.rank() < 3 || xf.rank() > 4) return unsupported("convolution of 1 to 3 axes only");
  HONE_ASSIGN(kernels::ConvAttrs a,
              conv_attrs(n, *xf.shape, w, *l.graph().fact(n.output(0)).shape));
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue pw, l.use_as(n.input(1), Layout::channels_last));
  HONE_ASSIGN(PlanValue pb, l.use(n.input(2)));
  HONE_ASSIGN(PlanValue pr, l.use_as(n.input(3), Layout::channels_last));
  const PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  l.step(n, "hconv", {as_rank4(l, px), as_rank4(l, pw), pb, as_rank4(l, pr)}, {as_rank4(l, py)},
         kernels::HConvAttrs{a, static_cast<int32_t>(xf.dtype)});
  return {};
}

// A row of A is a pixel, a row of B a filter.
Status lower_half_gemm(Lowering& l, const Node& n) {
  const SymShape& b = *l.graph().fact(n.input(1)).shape;
  if (!b[0].is_const()) return unsupported("the number of columns depends on the input");
  HONE_ASSIGN(Epilogue act, epilogue(n));
  kernels::HConvAttrs a{};
  a.out_channels = static_cast<int32_t>(b[0].value());
  a.groups = a.kernel_h = a.kernel_w = a.stride_h = a.stride_w = 1;
  a.dilation_h = a.dilation_w = 1;
  a.act = act.act, a.act_a = act.a, a.act_b = act.b;
  a.type = static_cast<int32_t>(l.graph().fact(n.input(0)).dtype);
  HONE_ASSIGN(PlanValue pa, as_pixels(l, n, n.input(0)));
  HONE_ASSIGN(PlanValue pb, l.use_as(n.input(1), Layout::row_major));
  HONE_ASSIGN(PlanValue pc, l.use(n.input(2)));
  HONE_ASSIGN(PlanValue pr, as_pixels(l, n, n.input(3)));
  const PlanValue filters = l.reshape_view(pb, {b[0], Dim(1), Dim(1), b[1]});
  const PlanValue out = l.define_as(n.output(0), Layout::row_major);
  const SymShape& s = l.at(out).shape;
  const PlanValue py =
      l.reshape_view(out, {Dim(1), Dim(1), graph::product(s, 0, s.size() - 1), s.back()});
  l.step(n, "hconv", {pa, filters, pc, pr}, {py}, a);
  return {};
}

}  // namespace hone::plan
