// Conv and FusedConv -> family conv, channels last.

#include "device/kernels/conv/conv.h"

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

// [O, I, KH, KW] -> [O, KH, KW, I]: channels last, as for activations; a 1-d kernel gets KH = 1.
Result<PlanValue> weights(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue w, l.use_as(n.input(1), Layout::channels_last));
  return as_rank4(l, w);
}

}  // namespace

namespace {

Result<std::vector<int64_t>> kernel_of(const SymShape& w) {
  std::vector<int64_t> kernel;
  for (size_t i = 2; i < w.size(); ++i) {
    if (!w[i].is_const()) return unsupported("the kernel's size depends on the input");
    kernel.push_back(w[i].value());
  }
  if (!w[0].is_const()) return unsupported("the number of channels depends on the input");
  return kernel;
}

Result<kernels::ConvAttrs> plane_attrs(const Node& n, const SymShape& w, const Window& win) {
  HONE_ASSIGN(Epilogue act, epilogue(n));
  kernels::ConvAttrs a{};
  a.out_channels = static_cast<int32_t>(w[0].value());
  a.groups = static_cast<int32_t>(n.attributes.i("group", 1));
  a.kernel_h = win.kernel[0], a.kernel_w = win.kernel[1];
  a.stride_h = win.stride[0], a.stride_w = win.stride[1];
  a.dilation_h = win.dilation[0], a.dilation_w = win.dilation[1];
  a.pad_t = win.begin[0], a.pad_l = win.begin[1];
  a.pad_b = win.end[0], a.pad_r = win.end[1];
  a.act = act.act, a.act_a = act.a, a.act_b = act.b;
  a.residual_after_act = static_cast<int32_t>(n.attributes.i("residual_after_act", 0));
  return a;
}

SymShape spatial(const SymShape& s) { return {s.begin() + 2, s.end()}; }

}  // namespace

Result<kernels::ConvAttrs> conv_attrs(const Node& n, const SymShape& x, const SymShape& w,
                                      const SymShape& y) {
  HONE_ASSIGN(auto kernel, kernel_of(w));
  HONE_ASSIGN(const Window win, window(n, spatial(x), spatial(y), std::move(kernel)));
  return plane_attrs(n, w, win);
}

Result<std::vector<WindowAxis>> volume_attrs(const Node& n, const SymShape& x, const SymShape& w,
                                             const SymShape& y, kernels::ConvAttrs* a) {
  HONE_ASSIGN(auto kernel, kernel_of(w));
  HONE_ASSIGN(auto axes, window_axes(n, spatial(x), spatial(y), std::move(kernel)));
  HONE_ASSIGN(*a, plane_attrs(n, w, plane_of(axes)));
  return axes;
}

Status lower_conv(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  const auto& wf = l.graph().fact(n.input(1));
  const auto& yf = l.graph().fact(n.output(0));
  if (xf.dtype != DType::f32) {
    return unsupported(std::string("no convolution kernel for ") + name(xf.dtype));
  }
  const SymShape &x = *xf.shape, &w = *wf.shape, &y = *yf.shape;
  if (x.size() == 5) {
    HONE_ASSIGN(const VolumeConv v, conv_of_planes(l, n));
    l.step(n, "conv", {v.x, v.w, v.bias, v.residual}, {v.y}, v.attrs);
    return {};
  }
  HONE_ASSIGN(kernels::ConvAttrs a, conv_attrs(n, x, w, y));
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue pw, weights(l, n));
  HONE_ASSIGN(PlanValue pb, l.use(n.input(2)));
  HONE_ASSIGN(PlanValue pr, l.use_as(n.input(3), Layout::channels_last));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  l.step(n, "conv", {as_rank4(l, px), pw, pb, as_rank4(l, pr)}, {as_rank4(l, py)}, a);
  return {};
}

}  // namespace hone::plan
