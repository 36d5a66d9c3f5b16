#include "device/kernels/resize/resize.h"

#include <cmath>
#include <cstring>
#include <limits>
#include "device/kernels/arm.h"

#include "device/kernels/check.h"
#include "device/kernels/resize/resize_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/resize/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int64_t max_taps = 1 << 24;

template <class E>
bool is_one_of(E value, E last) {
  return static_cast<uint32_t>(value) <= static_cast<uint32_t>(last);
}

bool is_sound(const ResizeAttrs& a) {
  return is_one_of(a.mode, ResizeMode::cubic) && is_one_of(a.nearest, ResizeNearest::ceil) &&
         is_one_of(a.transform, ResizeTransform::tf_crop_and_resize);
}

float float_of(int64_t bits) {
  const auto narrow = static_cast<uint32_t>(bits);
  float f = 0;
  std::memcpy(&f, &narrow, sizeof(f));
  return f;
}

// Sizes, scale and number of taps of one axis; false where they make no sense.
bool set_axis(const ResizeAttrs& at, int64_t numerator, int64_t denominator, float scale,
              ResizeAxis* a) {
  if (a->in < 1 || a->in > INT32_MAX || a->out > INT32_MAX) return false;
  if (numerator < 0 || denominator < -1) return false;
  if (denominator < 0) scale = float_of(numerator);
  a->scale = denominator <= 0 ? static_cast<double>(scale)
                              : static_cast<double>(numerator) / static_cast<double>(denominator);
  if (!(a->scale > 0 && a->scale <= std::numeric_limits<double>::max())) return false;
  a->same = a->scale == 1 && a->in == a->out && a->roi_begin == 0 && a->roi_end == 1;
  a->taps = 1;
  if (a->same || at.mode == ResizeMode::nearest) return true;
  const double narrow = at.antialias != 0 && a->scale < 1 ? a->scale : 1.0;
  const double radius = at.mode == ResizeMode::linear ? 1 : 2;
  const double reach = -std::floor(-radius / narrow);
  if (!(reach < max_taps)) return false;
  a->taps = 2 * static_cast<int64_t>(reach);
  return true;
}

const char* set_work(ResizeParams* p, Work* work) {
  int64_t h = 0, w = 0;
  if (mul_overflows(p->h.out, p->h.taps, &h) || mul_overflows(p->w.out, p->w.taps, &w) ||
      h > max_elements || w > max_elements) {
    return "resize: too large";
  }
  const int64_t row = p->w.out * p->inner, line = p->w.in * p->inner;
  p->rows_per_unit = max_of(1, chunk / max_of(row, 1));
  work->phases = 2;
  work->units[0] = 2;
  work->units[1] = ceil_div(p->outer * p->h.out, p->rows_per_unit);
  work->workspace_bytes = 8 * (h + w);
  work->scratch_bytes = p->mode == ResizeMode::nearest ? 0 : 4 * line;
  return nullptr;
}

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<ResizeAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1 ||
      (step.dims.size() != 4 && step.dims.size() != 8)) {
    return "resize: attributes or operands";
  }
  if (!is_sound(*at)) return "resize: no such mode";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t nx = 0, n = 0;
  if (!dense_count(x, &nx) || !dense_count(y, &n)) return "resize: operands must be dense";
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "resize: types";
  if (at->mode != ResizeMode::nearest && x.dtype != DType::f32) return "resize: interpolates f32";
  const bool crops = at->transform == ResizeTransform::tf_crop_and_resize;
  if (crops && at->extrapolation != 0 && x.dtype != DType::f32) return "resize: extrapolates f32";
  if (x.shape.rank() != 4 || y.shape.rank() != 4) return "resize: ranks";
  if (x.shape[0] != y.shape[0] || x.shape[3] != y.shape[3]) return "resize: shapes";
  auto* p = params_as<ResizeParams>(params);
  *p = {};
  work->units[0] = 0;
  if (n == 0) return nullptr;
  p->outer = x.shape[0], p->inner = x.shape[3];
  p->h.in = x.shape[1], p->w.in = x.shape[2], p->h.out = y.shape[1], p->w.out = y.shape[2];
  p->h.roi_begin = static_cast<double>(at->roi_begin_h);
  p->h.roi_end = static_cast<double>(at->roi_end_h);
  p->w.roi_begin = static_cast<double>(at->roi_begin_w);
  p->w.roi_end = static_cast<double>(at->roi_end_w);
  if (step.dims.size() == 8) {
    double* ends[] = {&p->h.roi_begin, &p->h.roi_end, &p->w.roi_begin, &p->w.roi_end};
    for (size_t i = 0; i < 4; ++i) *ends[i] = static_cast<double>(float_of(step.dims[4 + i]));
  }
  p->mode = at->mode, p->transform = at->transform, p->nearest = at->nearest;
  p->antialias = at->antialias != 0 && at->mode != ResizeMode::nearest;
  p->exclude_outside = at->exclude_outside != 0;
  p->cubic_a = at->cubic_a, p->extrapolation = at->extrapolation;
  p->bytes = element_bytes(x.dtype);
  if (!set_axis(*at, step.dims[0], step.dims[1], at->scale_h, &p->h) ||
      !set_axis(*at, step.dims[2], step.dims[3], at->scale_w, &p->w)) {
    return "resize: sizes or scales";
  }
  return set_work(p, work);
}

const char* bind_f32(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  return step.in[0].dtype == DType::f32 ? nullptr : "only f32";
}

}  // namespace

#if defined(__x86_64__)
const Kernel resize_f32_avx512 = {"resize_f32_avx512", "resize", Isa::avx512, 1, bind_f32,
                                  avx512::resize_f32,  nullptr,  nullptr};
const Kernel resize_f32_avx2 = {"resize_f32_avx2", "resize",         Isa::avx2, 1,
                                bind_f32,          avx2::resize_f32, nullptr,   nullptr};
#endif
const Kernel resize_f32_neon = {
    "resize_f32_neon", "resize", Isa::neon, 1, bind_f32, HONE_ON_ARM(neon::resize_f32),
    nullptr,           nullptr};

const Kernel resize_any_portable = {"resize_any_portable", "resize", Isa::portable, 1, bind_any,
                                    portable::resize_any,  nullptr,  nullptr};

}  // namespace hone::kernels
