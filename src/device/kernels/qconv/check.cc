#include "device/kernels/qconv/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

bool holds(DType t, int32_t v) {
  return t == DType::u8 ? v >= 0 && v <= 255 : v >= -128 && v <= 127;
}

bool in_rows(const Operand& o, int64_t* row) {
  return o.shape.rank() == 4 && has_sane_sizes(o) && is_row_strided(o, row);
}

bool dense_of(const Operand& o, DType t, const Shape& shape) {
  return o.dtype == t && o.shape == shape && has_sane_sizes(o) && is_dense(o);
}

ConvAttrs as_conv(const QConvAttrs& a) {
  ConvAttrs c{};
  c.out_channels = a.out_channels, c.groups = a.groups;
  c.kernel_h = a.kernel_h, c.kernel_w = a.kernel_w;
  c.stride_h = a.stride_h, c.stride_w = a.stride_w;
  c.dilation_h = a.dilation_h, c.dilation_w = a.dilation_w;
  c.pad_t = a.pad_t, c.pad_l = a.pad_l, c.pad_b = a.pad_b, c.pad_r = a.pad_r;
  return c;
}

const char* check_dynamic(const Step& step, QConvParams* p) {
  const Operand &zero = operand_or_absent(step.in, 5), &scale = operand_or_absent(step.in, 6);
  p->dynamic = zero.present();
  if (zero.present() != scale.present()) return "one of x's scale and zero point";
  if (!p->dynamic) return nullptr;
  if (p->x_type != DType::u8 || !gives_floats(*p) || p->x_zero != 0) {
    return "x's zero point is an operand, but x is not u8 or y not f32";
  }
  if (!dense_of(zero, DType::u8, Shape{1}) || !dense_of(scale, DType::f32, Shape{1})) {
    return "x's scale and zero point are not f32 and u8 [1]";
  }
  return nullptr;
}

}  // namespace

const char* check_qconv(const Step& step, QConvParams* p) {
  const QConvAttrs* a = attrs_as<QConvAttrs>(step);
  if (!a || step.in.size() < 2 || step.in.size() > 7 || step.out.size() != 1) {
    return "not the operands of a qconv";
  }
  const Operand &x = step.in[0], &y = step.out[0];
  *p = {};
  int64_t x_row = 0, y_row = 0;
  if (!is_byte(x.dtype) || !in_rows(x, &x_row)) return "x is not bytes in rows";
  if ((!is_byte(y.dtype) && y.dtype != DType::f32) || !in_rows(y, &y_row)) {
    return "y is neither bytes nor f32 in rows";
  }
  if (const char* reason = check_conv_sizes(as_conv(*a), x.shape, y.shape, &p->conv)) {
    return reason;
  }
  const bool y_fits = y.dtype == DType::f32 ? a->y_zero == 0 : holds(y.dtype, a->y_zero);
  if (!holds(x.dtype, a->x_zero) || !y_fits) return "zero point of x or y";
  p->conv.x_row = x_row, p->conv.y_row = y_row;
  p->x_type = x.dtype, p->y_type = y.dtype;
  p->x_zero = a->x_zero, p->y_zero = a->y_zero, p->wide = a->wide;
  return check_dynamic(step, p);
}

const char* check_qconv_raw_weights(const Step& step, QConvParams* p) {
  if (const char* reason = check_qconv(step, p)) return reason;
  const ConvParams& c = p->conv;
  const Operand &w = step.in[1], &bias = operand_or_absent(step.in, 2);
  const Operand &scale = operand_or_absent(step.in, 3), &zero = operand_or_absent(step.in, 4);
  if (!is_byte(w.dtype) || !dense_of(w, w.dtype, Shape{c.o, c.kh, c.kw, c.cg})) {
    return "weights are not dense bytes [O, KH, KW, C / groups]";
  }
  const DType bias_type = gives_floats(*p) ? DType::f32 : DType::i32;
  if (bias.present() && !dense_of(bias, bias_type, Shape{c.o})) {
    return "bias is not [O] of i32, or of f32 where y is";
  }
  if (bias.present() && p->dynamic) return "a bias where x's scale is an operand";
  p->scales = dense_of(scale, DType::f32, Shape{c.o});
  if (!p->scales && !dense_of(scale, DType::f32, Shape{1})) return "scale is not f32 [1] or [O]";
  p->zero = zero.present();
  p->zeros = p->zero && dense_of(zero, w.dtype, Shape{c.o});
  if (p->zero && !p->zeros && !dense_of(zero, w.dtype, Shape{1})) {
    return "zero points of w are not [1] or [O] of its type";
  }
  p->w_type = w.dtype;
  p->conv.bias = bias.present();
  return nullptr;
}

bool has_constant_weights(const Step& step) {
  for (size_t i = 1; i < step.in.size() && i < 5; ++i) {
    if (step.in[i].present() && !step.in[i].constant) return false;
  }
  return step.in.size() > 3;
}

}  // namespace hone::kernels
