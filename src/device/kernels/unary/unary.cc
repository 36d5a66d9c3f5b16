#include "device/kernels/unary/unary.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/unary/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_known(int32_t op) { return op < 64 ? is_valid(static_cast<Act>(op)) : op < unary_end; }

// The functions that make sense of a type.
bool takes(DType t, int32_t op) {
  if (t == DType::boolean) {
    return op == static_cast<int>(Unary::logical_not) || op == static_cast<int>(Act::none);
  }
  auto u = static_cast<Unary>(op);
  if (is_integer(t)) {
    if (op == static_cast<int>(Act::clip)) return bits(t) <= 16;  // bounds are floats
    return op == static_cast<int>(Act::none) || op == static_cast<int>(Act::relu) ||
           u == Unary::neg || u == Unary::abs || u == Unary::sign || u == Unary::bitwise_not;
  }
  return u != Unary::logical_not && u != Unary::bitwise_not;
}

const char* bind_common(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<UnaryAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1) return "unary: attributes or operands";
  if (!is_known(at->op)) return "unary: no such function";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, m = 0;
  if (!dense_count(x, &n) || !dense_count(y, &m)) return "unary: operands must be dense";
  if (!(x.shape == y.shape)) return "unary: shapes differ";
  auto u = static_cast<Unary>(at->op);
  bool test = u == Unary::is_nan || u == Unary::is_inf;
  if (y.dtype != (test ? DType::boolean : x.dtype)) return "unary: type of the result";
  *params_as<UnaryParams>(params) = {n, *at, x.dtype};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

const char* bind_any(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  DType t = step.in[0].dtype;
  if (t == DType::f32) return "f32 has kernels of its own";
  bool known = t == DType::f64 || t == DType::boolean || (is_integer(t) && bits(t) >= 8);
  if (!known) return "unary: type of x";
  return takes(t, attrs_as<UnaryAttrs>(step)->op) ? nullptr : "no such function of this type";
}

const char* bind_f32(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  if (step.in[0].dtype != DType::f32) return "only f32";
  return takes(DType::f32, attrs_as<UnaryAttrs>(step)->op) ? nullptr : "no such function of f32";
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_f32(step, params, work)) return why;
  auto* at = attrs_as<UnaryAttrs>(step);
  return has_vector_form(at->op, at->a) ? nullptr : "this function has no vector form";
}

}  // namespace

#if defined(__x86_64__)
const Kernel unary_f32_avx512 = {"unary_f32_avx512", "unary",           Isa::avx512, 1,
                                 bind_vector,        avx512::unary_f32, nullptr,     nullptr};
const Kernel unary_f32_avx2 = {"unary_f32_avx2", "unary",         Isa::avx2, 1,
                               bind_vector,      avx2::unary_f32, nullptr,   nullptr};
#endif
const Kernel unary_f32_neon = {
    "unary_f32_neon", "unary", Isa::neon, 1, bind_vector, HONE_ON_ARM(neon::unary_f32),
    nullptr,          nullptr};

const Kernel unary_any_portable = {"unary_any_portable", "unary", Isa::portable, 1, bind_any,
                                   portable::unary_any,  nullptr, nullptr};
const Kernel unary_f32_portable = {"unary_f32_portable", "unary", Isa::portable, 1, bind_f32,
                                   portable::unary_f32,  nullptr, nullptr};

}  // namespace hone::kernels
