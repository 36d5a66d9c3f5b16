#include "device/kernels/quantize/quantize.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/quantize/quantize_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/quantize/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_quantised(DType t) { return is_integer(t) ? bits(t) <= 16 : is_float(t) && bits(t) <= 8; }

// One word or all of them.
bool read_attrs(const Step& step, QuantizeAllAttrs* a) {
  if (auto* scales = attrs_as<QuantizeAttrs>(step)) {
    *a = {*scales, 0, 0};
    return true;
  }
  auto* all = attrs_as<QuantizeAllAttrs>(step);
  if (all == nullptr || all->precision < 0 || all->precision >= dtype_count) return false;
  if (all->precision != 0 && !is_float(static_cast<DType>(all->precision))) return false;
  *a = *all;
  return a->overflow == 0 || a->overflow == 1;
}

const char* bind_any(const Step& step, void* params, Work* work) {
  QuantizeAllAttrs at{};
  if (!read_attrs(step, &at) || step.in.empty() || step.out.empty()) {
    return "quantize: attributes or operands";
  }
  const DType x = step.in[0].dtype, y = step.out[0].dtype;
  if (!is_float(x) && !is_integer(x)) return "quantize: type of x";
  if (!is_quantised(y)) return "quantize: type of the result";
  auto* p = params_as<QuantParams>(params);
  if (const char* why = bind_quantized(step, at.scales.block, x, y, p, work)) return why;
  if (at.precision != 0) p->precision = static_cast<DType>(at.precision);
  p->rules.saturate = at.overflow == 0;
  return nullptr;
}

const char* bind_8bit(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  auto& p = *static_cast<const QuantParams*>(params);
  return is_byte(p.dtype) && is_all_f32(p) ? nullptr : "only f32 to 8-bit integers";
}

}  // namespace

#if defined(__x86_64__)
const Kernel quantize_8bit_avx512 = {"quantize_8bit_avx512", "quantize", Isa::avx512, 1, bind_8bit,
                                     avx512::quantize_8bit,  nullptr,    nullptr};
const Kernel quantize_8bit_avx2 = {"quantize_8bit_avx2", "quantize", Isa::avx2, 1, bind_8bit,
                                   avx2::quantize_8bit,  nullptr,    nullptr};
#endif
const Kernel quantize_8bit_neon = {"quantize_8bit_neon",
                                   "quantize",
                                   Isa::neon,
                                   1,
                                   bind_8bit,
                                   HONE_ON_ARM(neon::quantize_8bit),
                                   nullptr,
                                   nullptr};

const Kernel quantize_any_portable = {
    "quantize_any_portable", "quantize", Isa::portable, 1, bind_any,
    portable::quantize_any,  nullptr,    nullptr};

}  // namespace hone::kernels
