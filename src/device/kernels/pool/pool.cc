#include "device/kernels/pool/pool.h"

#include "device/kernels/arm.h"
#include "device/kernels/pool/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Channels of one unit in global pooling, where there is but one output pixel per picture.
constexpr int64_t global_channels_per_unit = 64;

const char* check_attrs(const PoolAttrs& a) {
  if (a.kind != Pool::max && a.kind != Pool::average) return "unknown kind of pooling";
  if (a.global) return nullptr;
  if (a.kernel_h < 1 || a.kernel_w < 1) return "kernel size below 1";
  if (a.stride_h < 1 || a.stride_w < 1) return "stride below 1";
  if (a.dilation_h < 1 || a.dilation_w < 1) return "dilation below 1";
  if (a.pad_t < 0 || a.pad_l < 0 || a.pad_b < 0 || a.pad_r < 0) return "negative padding";
  return nullptr;
}

// True where `out` windows are what floor or ceil mode makes along one axis.
bool fits(int64_t out, int64_t size, int64_t kernel, int64_t stride, int64_t dilation,
          int64_t pad) {
  int64_t reach = 0;
  if (mul_overflows(kernel - 1, dilation, &reach)) return false;
  int64_t room = size + pad - (reach + 1);
  if (out < 1) return false;
  if (room < 0) return out == 1 && room > -stride;  // ceil mode's one window
  return out == room / stride + 1 || out == (room + stride - 1) / stride + 1;
}

}  // namespace

const char* check_pool(const PoolAttrs& attrs, const Shape& x, const Shape& y, PoolParams* p,
                       Work* work) {
  const PoolAttrs* a = &attrs;
  if (const char* reason = check_attrs(*a)) return reason;
  p->batch = x[0], p->h = x[1], p->w = x[2], p->c = x[3];
  p->oh = y[1], p->ow = y[2];
  if (p->h < 1 || p->w < 1) return "x is empty";
  if (y[0] != p->batch || y[3] != p->c) return "y does not fit x";
  p->average = a->kind == Pool::average;
  p->padded_h = p->h, p->padded_w = p->w;
  if (a->global) {
    if (p->oh != 1 || p->ow != 1) return "a global pool has one output pixel";
    p->kh = p->h, p->kw = p->w;
    p->sh = p->sw = p->dh = p->dw = 1;
  } else {
    p->kh = a->kernel_h, p->kw = a->kernel_w, p->sh = a->stride_h, p->sw = a->stride_w;
    p->dh = a->dilation_h, p->dw = a->dilation_w, p->pt = a->pad_t, p->pl = a->pad_l;
    p->padded_h += a->pad_b, p->padded_w += a->pad_r;
    p->count_include_pad = a->count_include_pad != 0;
    if (!fits(p->oh, p->h, p->kh, p->sh, p->dh, p->pt + a->pad_b) ||
        !fits(p->ow, p->w, p->kw, p->sw, p->dw, p->pl + a->pad_r)) {
      return "size of y does not follow from x";
    }
  }
  p->channels_per_unit = a->global ? global_channels_per_unit : p->c;
  p->channel_units = p->c == 0 ? 0 : ceil_div(p->c, p->channels_per_unit);
  *work = {};
  if (mul_overflows(p->batch * p->oh, p->channel_units, &work->units[0])) return "too large";
  return nullptr;
}

namespace {

const char* bind_of(bool halves, const Step& step, void* params, Work* work) {
  const PoolAttrs* a = attrs_as<PoolAttrs>(step);
  if (!a || step.in.size() != 1 || step.out.size() != 1) return "not the operands of a pool";
  PoolParams* p = static_cast<PoolParams*>(params);
  *p = {};
  const Operand &x = step.in[0], &y = step.out[0];
  if (x.shape.rank() != 4 || y.shape.rank() != 4) return "x and y must have 4 dimensions";
  const bool half = x.dtype == DType::bf16 || x.dtype == DType::f16;
  if (halves ? !half : x.dtype != DType::f32) return "not of this type";
  if (!rows_of(x, x.dtype, &p->x_row) || !rows_of(y, x.dtype, &p->y_row)) {
    return "x or y is not rows of one type";
  }
  p->type = x.dtype;
  return check_pool(*a, x.shape, y.shape, p, work);
}

const char* bind_f32(const Step& step, void* params, Work* work) {
  return bind_of(false, step, params, work);
}
const char* bind_16bit(const Step& step, void* params, Work* work) {
  return bind_of(true, step, params, work);
}

}  // namespace

#define HONE_POOL(name, isa, bind, run) \
  extern const Kernel name;             \
  const Kernel name = {#name, "pool", isa, 1, bind, run, nullptr, nullptr};

#if defined(__x86_64__)
HONE_POOL(pool_f32_c16_avx512, Isa::avx512, bind_f32, avx512::pool_f32_run)
HONE_POOL(pool_f32_c8_avx2, Isa::avx2, bind_f32, avx2::pool_f32_run)
HONE_POOL(pool_16bit_c16_avx512, Isa::avx512, bind_16bit, avx512::pool_16bit_run)
HONE_POOL(pool_16bit_c8_avx2, Isa::avx2, bind_16bit, avx2::pool_16bit_run)
#endif
HONE_POOL(pool_f32_c4_neon, Isa::neon, bind_f32, HONE_ON_ARM(neon::pool_f32_run))
HONE_POOL(pool_16bit_c4_neon, Isa::neon, bind_16bit, HONE_ON_ARM(neon::pool_16bit_run))
HONE_POOL(pool_f32_portable, Isa::portable, bind_f32, pool_f32_portable_run)
HONE_POOL(pool_16bit_portable, Isa::portable, bind_16bit, pool_16bit_portable_run)

}  // namespace hone::kernels
