#include "device/kernels/hconv/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {

const char* check_hconv(const Step& step, HConvParams* p) {
  const HConvAttrs* a = attrs_as<HConvAttrs>(step);
  if (!a || step.in.size() < 2 || step.in.size() > 4 || step.out.size() != 1) {
    return "not the operands of an hconv";
  }
  const Operand &x = step.in[0], &y = step.out[0], &r = operand_or_absent(step.in, 3);
  if (a->type != static_cast<int32_t>(DType::bf16) && a->type != static_cast<int32_t>(DType::f16)) {
    return "type is neither bf16 nor f16";
  }
  *p = {};
  const DType type = static_cast<DType>(a->type);
  int64_t x_row = 0, y_row = 0;
  if (!rows_of(x, type, &x_row)) return "x is not of the step's type in rows";
  if (!rows_of(y, type, &y_row) && !f32_rows(y, &y_row)) {
    return "y is neither of the step's type nor f32, in rows";
  }
  if (const char* reason = check_conv_sizes(*a, x.shape, y.shape, &p->conv)) return reason;
  p->type = type, p->y_type = y.dtype;
  ConvParams& c = p->conv;
  c.x_row = x_row, c.y_row = y_row;
  if (r.present() && (!(r.shape == y.shape) || !rows_of(r, y.dtype, &c.r_row))) {
    return "residual is not rows of y's type and shape";
  }
  c.act = a->act, c.act_a = a->act_a, c.act_b = a->act_b;
  c.residual_after_act = a->residual_after_act != 0;
  return nullptr;
}

const char* check_hconv_raw_weights(const Step& step, HConvParams* p) {
  if (const char* reason = check_hconv(step, p)) return reason;
  ConvParams& c = p->conv;
  const Operand &w = step.in[1], &bias = operand_or_absent(step.in, 2);
  if (!dense_of(w, p->type) || !(w.shape == Shape{c.o, c.kh, c.kw, c.cg})) {
    return "weights are not dense [O, KH, KW, C / groups] of the step's type";
  }
  c.bias = bias.present();
  if (c.bias && (!f32_dense(bias) || !(bias.shape == Shape{c.o}))) {
    return "bias is not dense f32 [O]";
  }
  return nullptr;
}

}  // namespace hone::kernels
