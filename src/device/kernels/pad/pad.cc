#include "device/kernels/pad/pad.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/pad/pad_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/pad/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* check(const Step& step, const PadAttrs* at) {
  if (!at || step.in.empty() || step.in.size() > 2 || step.out.size() != 1) {
    return "pad: attributes or operands";
  }
  if (static_cast<uint32_t>(at->mode) > static_cast<uint32_t>(PadMode::wrap)) {
    return "pad: no such mode";
  }
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0;
  if (!dense_count(x, &n) || !dense_count(y, &n)) return "pad: operands must be dense";
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "pad: types";
  int rank = x.shape.rank();
  if (rank < 1 || y.shape.rank() != rank || step.dims.size() != 2 * static_cast<size_t>(rank)) {
    return "pad: ranks";
  }
  if (step.in.size() == 2 && step.in[1].present()) {
    const Operand& value = step.in[1];
    if (at->mode != PadMode::constant) return "pad: only constant padding takes a value";
    if (!dense_count(value, &n) || n != 1 || value.dtype != x.dtype) return "pad: value";
  }
  for (int i = 0; i < rank; ++i) {
    int64_t b = step.dims[static_cast<size_t>(i)], e = step.dims[static_cast<size_t>(rank + i)];
    if (b < -max_elements || b > max_elements || e < -max_elements || e > max_elements) {
      return "pad: too large";
    }
    if (y.shape[i] != x.shape[i] + b + e) return "pad: shape of the result";
    if (at->mode != PadMode::constant && x.shape[i] == 0 && y.shape[i] > 0) {
      return "pad: nothing to repeat";
    }
  }
  return nullptr;
}

// Collapses dimensions without pads into their neighbours.
void set_dims(const Step& step, PadParams* p) {
  const Shape &x = step.in[0].shape, &y = step.out[0].shape;
  auto begin = [&](int i) { return step.dims[static_cast<size_t>(i)]; };
  auto plain = [&](int i) { return begin(i) == 0 && x[i] == y[i]; };
  int last = x.rank() - 1;
  int64_t stride = 1;
  for (; last > 0 && plain(last); --last) stride *= x[last];
  p->inner = stride;
  p->rank = 0;
  for (int i = 0; i <= last; ++i) {
    bool merge = i > 0 && plain(i) && plain(i - 1);
    int d = merge ? p->rank - 1 : p->rank++;
    p->x_size[d] = merge ? p->x_size[d] * x[i] : x[i];
    p->y_size[d] = merge ? p->y_size[d] * y[i] : y[i];
    p->begin[d] = begin(i);
  }
  for (int d = p->rank - 1; d >= 0; --d) {
    p->x_stride[d] = stride;
    stride *= p->x_size[d];
  }
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<PadAttrs>(step);
  if (const char* why = check(step, at)) return why;
  auto* p = params_as<PadParams>(params);
  *p = {};
  p->mode = at->mode;
  p->bytes = element_bytes(step.in[0].dtype);
  p->has_value = step.in.size() == 2 && step.in[1].present();
  int64_t n = step.out[0].shape.count(), nx = step.in[0].shape.count();
  if (n == 0) return work->units[0] = 0, nullptr;
  if (nx == 0) {  // all padding: one row
    p->rank = 1;
    p->y_size[0] = n;
    p->begin[0] = n;
    p->inner = 1;
  } else {
    set_dims(step, p);
  }
  p->rows = 1;
  for (int d = 0; d < p->rank - 1; ++d) p->rows *= p->y_size[d];
  p->rows_per_unit = max_of(1, chunk / (n / p->rows));
  work->units[0] = ceil_div(p->rows, p->rows_per_unit);
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel pad_any_avx512 = {"pad_any_avx512", "pad",   Isa::avx512, 1, bind,
                               avx512::pad_any,  nullptr, nullptr};
const Kernel pad_any_avx2 = {"pad_any_avx2", "pad",         Isa::avx2, 1,
                             bind,           avx2::pad_any, nullptr,   nullptr};
#endif
const Kernel pad_any_neon = {"pad_any_neon", "pad",  Isa::neon, 1, bind, HONE_ON_ARM(neon::pad_any),
                             nullptr,        nullptr};
const Kernel pad_any_portable = {"pad_any_portable", "pad",   Isa::portable, 1, bind,
                                 portable::pad_any,  nullptr, nullptr};

}  // namespace hone::kernels
