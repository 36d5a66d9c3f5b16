#include "device/kernels/conv/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Most kernel positions a kernel takes: bounds tables of pointers.
constexpr int64_t max_taps = int64_t{1} << 16;

// The number of windows along one axis, 0 where none fits.
int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad) {
  int64_t room = size + pad - ((kernel - 1) * dilation + 1);
  return room < 0 ? 0 : room / stride + 1;
}

const char* check_attrs(const ConvAttrs& a) {
  if (a.out_channels < 1 || a.groups < 1) return "channels or groups below 1";
  if (a.out_channels % a.groups != 0) return "output channels are no multiple of groups";
  if (a.kernel_h < 1 || a.kernel_w < 1) return "kernel size below 1";
  if (int64_t{a.kernel_h} * a.kernel_w > max_taps) return "kernel too large";
  if (a.stride_h < 1 || a.stride_w < 1) return "stride below 1";
  if (a.dilation_h < 1 || a.dilation_w < 1) return "dilation below 1";
  if (a.pad_t < 0 || a.pad_l < 0 || a.pad_b < 0 || a.pad_r < 0) return "negative padding";
  if (!is_valid(a.act)) return "unknown activation";
  return nullptr;
}

const char* check_shapes(const ConvAttrs& a, const Shape& x, const Shape& y) {
  if (x[1] < 1 || x[2] < 1 || x[3] < 1) return "x is empty";
  if (x[3] % a.groups != 0) return "input channels are no multiple of groups";
  if (y[0] != x[0] || y[3] != a.out_channels) return "y does not fit x";
  if (y[1] < 1 || y[2] < 1 ||
      y[1] != windows(x[1], a.kernel_h, a.stride_h, a.dilation_h, int64_t{a.pad_t} + a.pad_b) ||
      y[2] != windows(x[2], a.kernel_w, a.stride_w, a.dilation_w, int64_t{a.pad_l} + a.pad_r)) {
    return "size of y does not follow from x";
  }
  return nullptr;
}

}  // namespace

const char* check_conv_sizes(const ConvAttrs& a, const Shape& x, const Shape& y, ConvParams* p) {
  if (const char* reason = check_attrs(a)) return reason;
  *p = {};
  if (x.rank() != 4 || y.rank() != 4) return "x and y must have 4 dimensions";
  if (const char* reason = check_shapes(a, x, y)) return reason;
  p->batch = x[0], p->h = x[1], p->w = x[2], p->c = x[3];
  p->oh = y[1], p->ow = y[2], p->o = y[3];
  p->groups = a.groups, p->cg = p->c / p->groups, p->og = p->o / p->groups;
  p->kh = a.kernel_h, p->kw = a.kernel_w, p->sh = a.stride_h, p->sw = a.stride_w;
  p->dh = a.dilation_h, p->dw = a.dilation_w, p->pt = a.pad_t, p->pl = a.pad_l;
  p->exact_sums = a.exact_sums != 0;
  p->taps = p->kh * p->kw;
  p->pointwise = p->taps == 1 && p->sh == 1 && p->sw == 1 && p->pt == 0 && p->pl == 0 &&
                 p->oh == p->h && p->ow == p->w;
  int64_t weights = 0;
  if (mul_overflows(p->o * p->taps, p->cg + 1, &weights) || weights > max_elements) {
    return "weights too large";
  }
  return nullptr;
}

const char* check_conv(const Step& step, ConvParams* p) {
  const ConvAttrs* a = attrs_as<ConvAttrs>(step);
  if (!a || step.in.size() < 2 || step.in.size() > 4 || step.out.size() != 1) {
    return "not the operands of a conv";
  }
  const Operand &x = step.in[0], &y = step.out[0], &r = operand_or_absent(step.in, 3);
  int64_t x_row = 0, y_row = 0;
  if (!f32_rows(x, &x_row) || !f32_rows(y, &y_row)) return "x or y is not f32 in rows";
  if (const char* reason = check_conv_sizes(*a, x.shape, y.shape, p)) return reason;
  p->x_row = x_row, p->y_row = y_row;
  if (r.present() && (!(r.shape == y.shape) || !f32_rows(r, &p->r_row))) {
    return "residual is not f32 rows of y's shape";
  }
  p->act = a->act, p->act_a = a->act_a, p->act_b = a->act_b;
  p->residual_after_act = a->residual_after_act != 0;
  return nullptr;
}

const char* check_conv_raw_weights(const Step& step, ConvParams* p) {
  if (const char* reason = check_conv(step, p)) return reason;
  const Operand &w = step.in[1], &bias = operand_or_absent(step.in, 2);
  if (!f32_dense(w) || !(w.shape == Shape{p->o, p->kh, p->kw, p->cg})) {
    return "weights are not dense f32 [O, KH, KW, C / groups]";
  }
  p->bias = bias.present();
  if (p->bias && (!f32_dense(bias) || !(bias.shape == Shape{p->o}))) {
    return "bias is not dense f32 [O]";
  }
  return nullptr;
}

}  // namespace hone::kernels
