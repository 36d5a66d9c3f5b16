#include "device/kernels/cast/cast.h"

#include "device/kernels/arm.h"
#include "device/kernels/cast/cast_impl.h"
#include "device/kernels/check.h"
#include "device/kernels/lanes.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/cast/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* read_rules(const Step& step, SmallFloatRules* rules) {
  *rules = {};
  if (step.attrs.empty()) return nullptr;
  auto* at = attrs_as<CastAttrs>(step);
  if (at == nullptr || at->saturate < 0 || at->saturate > 1 || at->scale_rounding < 0 ||
      at->scale_rounding > static_cast<int32_t>(ScaleRounding::nearest)) {
    return "cast: attributes";
  }
  *rules = {at->saturate != 0, static_cast<ScaleRounding>(at->scale_rounding)};
  return nullptr;
}

const char* bind(const Step& step, void* params, Work* work) {
  SmallFloatRules rules;
  if (const char* why = read_rules(step, &rules)) return why;
  if (step.in.size() != 1 || step.out.size() != 1) return "cast: operands";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, m = 0;
  if (!dense_count(x, &n) || !dense_count(y, &m)) return "cast: operands must be dense";
  if (!(x.shape == y.shape)) return "cast: shapes differ";
  if (!has_lanes(x.dtype) || !has_lanes(y.dtype)) return "cast: no such element type";
  *params_as<CastParams>(params) = {n, x.dtype, y.dtype, rules};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

bool is_common(DType t) {
  return t == DType::f32 || t == DType::i8 || t == DType::u8 || t == DType::i32 ||
         t == DType::i64 || t == DType::boolean;
}

bool is_half(DType t) { return t == DType::f16 || t == DType::bf16; }

const char* bind_common(const Step& step, void* params, Work* work) {
  if (const char* why = bind(step, params, work)) return why;
  const DType from = step.in[0].dtype, to = step.out[0].dtype;
  if (from == to) return "same type: memory is copied";
  if (is_half(from) || is_half(to)) {
    return from == DType::f32 || to == DType::f32 ? nullptr : "16-bit floats from and to f32 only";
  }
  return is_common(from) && is_common(to) ? nullptr : "only f32, 8, 32 and 64-bit integers, bool";
}

}  // namespace

#if defined(__x86_64__)
const Kernel cast_common_avx512 = {"cast_common_avx512", "cast",  Isa::avx512, 1, bind_common,
                                   avx512::cast_common,  nullptr, nullptr};
const Kernel cast_common_avx2 = {"cast_common_avx2", "cast",  Isa::avx2, 1, bind_common,
                                 avx2::cast_common,  nullptr, nullptr};
#endif
const Kernel cast_common_neon = {"cast_common_neon",
                                 "cast",
                                 Isa::neon,
                                 1,
                                 bind_common,
                                 HONE_ON_ARM(neon::cast_common),
                                 nullptr,
                                 nullptr};
const Kernel cast_any_portable = {"cast_any_portable", "cast",  Isa::portable, 1, bind,
                                  portable::cast_any,  nullptr, nullptr};

}  // namespace hone::kernels
