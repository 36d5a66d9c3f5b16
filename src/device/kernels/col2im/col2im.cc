#include "device/kernels/col2im/col2im.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/col2im/col2im_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/col2im/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_f32(const Operand& o) {
  int64_t n = 0;
  return o.dtype == DType::f32 && dense_count(o, &n);
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* a = attrs_as<Col2imAttrs>(step);
  if (!a || step.in.empty() || step.in.size() > 2 || step.out.size() != 1) {
    return "col2im: attributes or operands";
  }
  if (a->stride_h < 1 || a->stride_w < 1 || a->dilation_h < 1 || a->dilation_w < 1 ||
      a->pad_t < 0 || a->pad_l < 0) {
    return "col2im: window";
  }
  const Operand &x = step.in[0], &y = step.out[0];
  if (!is_f32(x) || !is_f32(y)) return "col2im: only f32, dense";
  if (x.shape.rank() != 6 || y.shape.rank() != 4 || x.shape[0] != y.shape[0] ||
      x.shape[5] != y.shape[3]) {
    return "col2im: shapes";
  }
  auto* p = params_as<Col2imParams>(params);
  *p = {x.shape[0], x.shape[1], x.shape[2],  x.shape[3],  x.shape[4],    x.shape[5],
        y.shape[1], y.shape[2], a->stride_h, a->stride_w, a->dilation_h, a->dilation_w,
        a->pad_t,   a->pad_l,   false,       false};
  p->apart = p->kh == p->sh && p->kw == p->sw && p->dh == 1 && p->dw == 1 && p->pt == 0 &&
             p->pl == 0 && p->oh == p->h * p->kh && p->ow == p->w * p->kw;
  if (x.shape.count() == 0) p->kh = p->kw = 0;  // nothing to add: no taps to walk over
  p->bias = step.in.size() == 2 && step.in[1].present();
  if (p->bias && !(is_f32(step.in[1]) && step.in[1].shape == Shape{p->c})) return "col2im: bias";
  work->units[0] = y.shape.count() == 0 ? 0 : p->batch * p->oh;
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel col2im_f32_avx512 = {"col2im_f32_avx512", "col2im", Isa::avx512, 1, bind,
                                  avx512::col2im_f32,  nullptr,  nullptr};
const Kernel col2im_f32_avx2 = {"col2im_f32_avx2", "col2im", Isa::avx2, 1, bind,
                                avx2::col2im_f32,  nullptr,  nullptr};
#endif
const Kernel col2im_f32_neon = {
    "col2im_f32_neon", "col2im", Isa::neon, 1, bind, HONE_ON_ARM(neon::col2im_f32),
    nullptr,           nullptr};

const Kernel col2im_f32_portable = {"col2im_f32_portable", "col2im", Isa::portable, 1, bind,
                                    portable::col2im_f32,  nullptr,  nullptr};

}  // namespace hone::kernels
