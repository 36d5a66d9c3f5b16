#include "device/kernels/qpool/qpool.h"

#include "common/base/checked.h"
#include "device/kernels/arm.h"
#include "device/kernels/qpool/qpool_impl.h"
#include "device/kernels/rows.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/qpool/kernels.inc"
#undef HONE_KERNEL

namespace {

// A window of padding alone has no largest byte.
bool has_empty_window(const PoolParams& p) {
  for (int64_t oy = 0; oy < p.oh; ++oy) {
    const Span64 s = window_inside(oy * p.sh - p.pt, p.dh, p.h, p.kh);
    if (s.begin >= s.end) return true;
  }
  for (int64_t ox = 0; ox < p.ow; ++ox) {
    const Span64 s = window_inside(ox * p.sw - p.pl, p.dw, p.w, p.kw);
    if (s.begin >= s.end) return true;
  }
  return false;
}

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* a = attrs_as<QPoolAttrs>(step);
  if (!a || step.in.size() != 1 || step.out.size() != 1) return "not the operands of a qpool";
  auto* p = static_cast<QPoolParams*>(params);
  const Operand &x = step.in[0], &y = step.out[0];
  if (x.shape.rank() != 4 || y.shape.rank() != 4) return "x and y must have 4 dimensions";
  *p = {};
  int64_t x_row = 0, y_row = 0;
  if (!byte_rows(x, &x_row) || !byte_rows(y, &y_row)) return "x or y is no bytes in rows";
  if (x.dtype != y.dtype) return "type of the result";
  if (const char* why = check_pool(a->pool, x.shape, y.shape, &p->pool, work)) return why;
  p->pool.x_row = x_row, p->pool.y_row = y_row;
  const int32_t least = x.dtype == DType::u8 ? 0 : -128;
  for (int32_t zero : {a->x_zero, a->y_zero}) {
    if (p->pool.average && (zero < least || zero > least + 255)) return "zero points";
  }
  if (!p->pool.average && has_empty_window(p->pool)) return "a window of padding alone";
  p->type = x.dtype;
  p->x_zero = a->x_zero, p->y_zero = a->y_zero, p->ratio = a->ratio;
  return nullptr;
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  const PoolParams& p = static_cast<const QPoolParams*>(params)->pool;
  int64_t taps = 0;
  const bool few = !mul_overflows(p.kh, p.kw, &taps) && taps <= most_f32_taps;
  return !p.average || few ? nullptr : "windows whose sums f32 cannot hold";
}

}  // namespace

#if defined(__x86_64__)
const Kernel qpool_8bit_avx512 = {"qpool_8bit_avx512", "qpool",           Isa::avx512, 1,
                                  bind_vector,         avx512::qpool_run, nullptr,     nullptr};
const Kernel qpool_8bit_avx2 = {"qpool_8bit_avx2", "qpool",         Isa::avx2, 1,
                                bind_vector,       avx2::qpool_run, nullptr,   nullptr};
#endif
const Kernel qpool_8bit_neon = {
    "qpool_8bit_neon", "qpool", Isa::neon, 1, bind_vector, HONE_ON_ARM(neon::qpool_run),
    nullptr,           nullptr};
const Kernel qpool_8bit_portable = {"qpool_8bit_portable", "qpool", Isa::portable, 1, bind_any,
                                    portable::qpool_run,   nullptr, nullptr};

}  // namespace hone::kernels
