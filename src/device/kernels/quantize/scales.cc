#include "device/kernels/quantize/scales.h"

#include "device/kernels/check.h"

namespace hone::kernels {

const char* bind_quantized(const Step& step, int32_t block, DType real, DType quantised,
                           QuantParams* p, Work* work) {
  if (step.in.size() < 2 || step.in.size() > 3 || step.out.size() != 1) return "operands";
  const Operand &x = step.in[0], &scale = step.in[1], &y = step.out[0];
  int64_t n = 0, ny = 0, scales = 0, zeros = 0;
  if (!dense_count(x, &n) || !dense_count(y, &ny) || !dense_count(scale, &scales)) {
    return "operands must be dense";
  }
  if (x.shape.rank() != 3 || !(x.shape == y.shape)) return "shapes";
  if (!is_float(scale.dtype) || block < 0) return "scale";
  *p = {};
  p->total = n, p->size = x.shape[1], p->inner = x.shape[2];
  p->dtype = quantised;
  p->real = real, p->scale = p->precision = scale.dtype;
  if (block > 0) {
    p->kind = ScaleKind::block;
    p->block = block;
    p->blocks = ceil_div(p->size, p->block);
    if (!(scale.shape == Shape{x.shape[0], p->blocks, p->inner})) return "scales by block";
  } else if (scales != 1) {
    p->kind = ScaleKind::axis;
    if (!(scale.shape == Shape{p->size})) return "scales by axis";
  }
  if (step.in.size() == 3 && step.in[2].present()) {
    const Operand& zero = step.in[2];
    if (zero.dtype != quantised || !dense_count(zero, &zeros) || !(zero.shape == scale.shape)) {
      return "zero points";
    }
    p->zero = true;
  }
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

}  // namespace hone::kernels
