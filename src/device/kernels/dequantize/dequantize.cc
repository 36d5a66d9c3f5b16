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
  const DType t = step.in[0].dtype;
  if (step.out[0].dtype != DType::f32) return "dequantize: y must be f32";
  if (t != DType::u8 && t != DType::i8 && t != DType::u16 && t != DType::i16 && t != DType::i32) {
    return "dequantize: type of x";
  }
  return bind_quantized(step, at->block, t, params_as<QuantParams>(params), work);
}

const char* bind_8bit(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  return bits(static_cast<const QuantParams*>(params)->dtype) == 8 ? nullptr : "only 8 bits";
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
