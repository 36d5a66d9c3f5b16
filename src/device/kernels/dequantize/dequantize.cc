#include "device/kernels/dequantize/dequantize.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/dequantize/dequantize_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/dequantize/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<DequantizeAttrs>(step);
  if (!at || step.in.empty() || step.out.empty()) return "dequantize: attributes or operands";
  const DType x = step.in[0].dtype, y = step.out[0].dtype;
  if (!is_float(y)) return "dequantize: type of y";
  if (is_integer(x) ? bits(x) > 32 : !is_float(x) || bits(x) > 8) return "dequantize: type of x";
  return bind_quantized(step, at->block, y, x, params_as<QuantParams>(params), work);
}

const char* bind_8bit(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  auto& p = *static_cast<const QuantParams*>(params);
  return is_byte(p.dtype) && is_all_f32(p) ? nullptr : "only 8-bit integers to f32";
}

}  // namespace

#if defined(__x86_64__)
const Kernel dequantize_8bit_avx512 = {
    "dequantize_8bit_avx512", "dequantize", Isa::avx512, 1, bind_8bit,
    avx512::dequantize_8bit,  nullptr,      nullptr};
const Kernel dequantize_8bit_avx2 = {"dequantize_8bit_avx2", "dequantize", Isa::avx2, 1, bind_8bit,
                                     avx2::dequantize_8bit,  nullptr,      nullptr};
#endif
const Kernel dequantize_8bit_neon = {"dequantize_8bit_neon",
                                     "dequantize",
                                     Isa::neon,
                                     1,
                                     bind_8bit,
                                     HONE_ON_ARM(neon::dequantize_8bit),
                                     nullptr,
                                     nullptr};

const Kernel dequantize_any_portable = {
    "dequantize_any_portable", "dequantize", Isa::portable, 1, bind_any,
    portable::dequantize_any,  nullptr,      nullptr};

}  // namespace hone::kernels
