// Reading nodes: what several lowerings need.
#pragma once

#include "device/kernels/activation.h"
#include "device/kernels/conv/conv.h"
#include "host/plan/lower.h"

namespace hone::plan {

struct Epilogue {
  kernels::Act act = kernels::Act::none;
  float a = 0, b = 0;
};

// The `activation`, `act_a`, `act_b` attributes of a fused node.
Result<Epilogue> epilogue(const Node& n);

// A node's axis attribute or value made >= 0. Errors: out of range.
Result<int> normal_axis(int64_t axis, int rank);
// Axes given as an input (from some opset on) or as an attribute; nullopt: not given.
Result<std::optional<std::vector<int64_t>>> axes(Lowering& l, const Node& n, size_t input);

// A window along one spatial axis.
struct WindowAxis {
  int32_t kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;
  // Neither moves nor widens: what is done along the axis is done to each place by itself.
  bool trivial() const { return kernel == 1 && stride == 1 && begin == 0 && end == 0; }
};
// 2-d window parameters of Conv and pools; 1-d ones get a first dimension of 1.
struct Window {
  int32_t kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  int32_t begin[2] = {0, 0}, end[2] = {0, 0};
};
// `spatial` are the logical spatial sizes of x, `out` those of y (auto_pad needs them; ceil_mode's
// extra window is expressed as end padding). kernel_shape comes from the caller for Conv without
// it.
Result<Window> window(const Node& n, const SymShape& spatial, const SymShape& out,
                      std::vector<int64_t> kernel);

// The same axis by axis, of any number of them.
Result<std::vector<WindowAxis>> window_axes(const Node& n, const SymShape& spatial,
                                            const SymShape& out, std::vector<int64_t> kernel);
Window plane_of(const std::vector<WindowAxis>& axes);  // the last two

// What a convolution of logical x by w to y asks of family conv.
Result<kernels::ConvAttrs> conv_attrs(const Node& n, const SymShape& x, const SymShape& w,
                                      const SymShape& y);
// The same with three spatial axes: what it asks along each of them, and the attributes of the
// last two.
Result<std::vector<WindowAxis>> volume_attrs(const Node& n, const SymShape& x, const SymShape& w,
                                             const SymShape& y, kernels::ConvAttrs* a);

// A channels-last value of rank 3 seen as rank 4 with H = 1.
PlanValue as_rank4(Lowering& l, PlanValue v);

}  // namespace hone::plan
