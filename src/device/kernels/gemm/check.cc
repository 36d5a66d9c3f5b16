#include "device/kernels/gemm/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Dimension `d` before the matrix, counted from the matrix outwards; 1 where there is none.
int64_t batch_dim(const Shape& s, int d) { return d < s.rank() - 2 ? s.back(d + 2) : 1; }

const char* check_batch(const Shape& a, const Shape& b, const Shape& y, GemmParams* p) {
  int dims = y.rank() - 2;
  int want = a.rank() > b.rank() ? a.rank() : b.rank();
  if (y.rank() != want) return "rank of y does not follow from a and b";
  p->batch_dims = dims;
  p->batch = p->a_matrices = p->b_matrices = 1;
  for (int d = 0; d < dims; ++d) {
    int64_t ad = batch_dim(a, d), bd = batch_dim(b, d), yd = batch_dim(y, d);
    if ((ad != yd && ad != 1) || (bd != yd && bd != 1) || (yd != ad && yd != bd)) {
      return "batch dimensions do not broadcast";
    }
    p->batch_shape[d] = yd;
    p->a_step[d] = ad == 1 ? 0 : p->a_matrices;
    p->b_step[d] = bd == 1 ? 0 : p->b_matrices;
    if (mul_overflows(p->batch, yd, &p->batch) ||
        mul_overflows(p->a_matrices, ad, &p->a_matrices) ||
        mul_overflows(p->b_matrices, bd, &p->b_matrices)) {
      return "too large";
    }
  }
  return nullptr;
}

}  // namespace

const char* check_gemm(const Step& step, const Shape& b_shape, GemmParams* p) {
  const GemmAttrs* attrs = attrs_as<GemmAttrs>(step);
  if (!attrs || step.in.size() < 2 || step.in.size() > 4 || step.out.size() != 1) {
    return "not the operands of a gemm";
  }
  if (!is_valid(attrs->act)) return "unknown activation";
  *p = {};
  p->trans_a = attrs->trans_a != 0, p->trans_b = attrs->trans_b != 0, p->alpha = attrs->alpha;
  p->act = attrs->act, p->act_a = attrs->act_a, p->act_b = attrs->act_b;
  const Operand &a = step.in[0], &y = step.out[0];
  const Operand &bias = operand_or_absent(step.in, 2), &r = operand_or_absent(step.in, 3);
  if (a.shape.rank() < 2 || b_shape.rank() < 2 || y.shape.rank() < 2) return "rank below 2";
  if (!f32_rows(a, &p->a_row) || !f32_rows(y, &p->y_row)) return "a or y is not f32 in rows";
  if (const char* reason = check_batch(a.shape, b_shape, y.shape, p)) return reason;
  p->m = a.shape.back(p->trans_a ? 0 : 1), p->k = a.shape.back(p->trans_a ? 1 : 0);
  p->n = b_shape.back(p->trans_b ? 1 : 0);
  if (b_shape.back(p->trans_b ? 0 : 1) != p->k) return "a and b do not agree on K";
  if (y.shape.back(1) != p->m || y.shape.back() != p->n) return "y does not follow from a and b";
  int64_t rows = 0, products = 0;
  if (mul_overflows(p->batch, p->m, &rows) || mul_overflows(rows, p->n, &products) ||
      mul_overflows(p->n + 64, p->k + 1, &products) || products > max_elements) {
    return "too large";
  }
  p->bias = bias.present();
  if (p->bias && (!f32_dense(bias) || !(bias.shape == Shape{p->n}))) {
    return "bias is not dense f32 [N]";
  }
  if (r.present() && (!(r.shape == y.shape) || !f32_rows(r, &p->r_row))) {
    return "residual is not f32 rows of y's shape";
  }
  return nullptr;
}

const char* check_gemm_raw_b(const Step& step, GemmParams* p) {
  if (step.in.size() < 2) return "not the operands of a gemm";
  const Operand& b = step.in[1];
  int64_t b_row = 0;
  if (!f32_rows(b, &b_row)) return "b is not f32 in rows";
  if (const char* reason = check_gemm(step, b.shape, p)) return reason;
  p->b_row = b_row;
  return nullptr;
}

}  // namespace hone::kernels
