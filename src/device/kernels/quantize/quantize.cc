#include "device/kernels/quantize/quantize.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/quantize/quantize_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/quantize/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<QuantizeAttrs>(step);
  if (!at || step.in.empty() || step.out.empty()) return "quantize: attributes or operands";
  const DType t = step.out[0].dtype;
  if (step.in[0].dtype != DType::f32) return "quantize: x must be f32";
  if (t != DType::u8 && t != DType::i8 && t != DType::u16 && t != DType::i16) {
    return "quantize: type of the result";
  }
  return bind_quantized(step, at->block, t, params_as<QuantParams>(params), work);
}

const char* bind_8bit(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  return bits(static_cast<const QuantParams*>(params)->dtype) == 8 ? nullptr : "only 8 bits";
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
