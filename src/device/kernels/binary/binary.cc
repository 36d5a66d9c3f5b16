#include "device/kernels/binary/binary.h"

#include "device/kernels/arm.h"
#include "device/kernels/binary/binary_impl.h"
#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/binary/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_comparison(Binary op) { return op >= Binary::equal && op <= Binary::greater_equal; }
bool is_logical(Binary op) { return op >= Binary::logical_and && op <= Binary::logical_xor; }
bool is_bitwise(Binary op) { return op >= Binary::bitwise_and; }

bool is_half(DType t) { return t == DType::bf16 || t == DType::f16; }

bool takes(DType t, Binary op) {
  if (is_half(t)) return op == Binary::add || op == Binary::sub || op == Binary::mul;
  if (t == DType::boolean) return op == Binary::equal || is_logical(op);
  if (is_logical(op)) return false;
  if (is_integer(t)) return bits(t) >= 8;
  return (t == DType::f32 || t == DType::f64) && !is_bitwise(op);
}

const char* bind_common(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<BinaryAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1) return "binary: attributes or operands";
  if (static_cast<uint32_t>(at->op) >= binary_end) return "binary: no such function";
  if (!is_valid(at->act)) return "binary: no such activation";
  const Operand &a = step.in[0], &b = step.in[1], &y = step.out[0];
  int64_t n = 0, na = 0, nb = 0;
  if (!dense_count(y, &n) || !dense_count(a, &na) || !dense_count(b, &nb)) {
    return "binary: operands must be dense";
  }
  if (a.dtype != b.dtype) return "binary: types of a and b differ";
  bool test = is_comparison(at->op) || is_logical(at->op);
  if (y.dtype != (test ? DType::boolean : a.dtype)) return "binary: type of the result";
  if (!takes(a.dtype, at->op)) return "binary: no such function of this type";
  if (at->act != Act::none && (a.dtype != DType::f32 || test)) return "binary: activation is f32's";
  int64_t strides[2][max_rank] = {};
  if (!broadcast_strides(a.shape, y.shape, strides[0]) ||
      !broadcast_strides(b.shape, y.shape, strides[1])) {
    return "binary: shapes do not broadcast";
  }
  auto* p = params_as<BinaryParams>(params);
  make_loops<2>(y.shape, n, strides, &p->loops);
  p->attrs = *at;
  p->dtype = a.dtype;
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

const char* bind_any(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  const DType t = step.in[0].dtype;
  return t == DType::f32 || is_half(t) ? "this type has kernels of its own" : nullptr;
}

const char* bind_16bit(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  return is_half(step.in[0].dtype) ? nullptr : "only bf16 and f16";
}

const char* bind_f32(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  return step.in[0].dtype == DType::f32 ? nullptr : "only f32";
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_f32(step, params, work)) return why;
  Binary op = attrs_as<BinaryAttrs>(step)->op;
  return op == Binary::mod || op == Binary::fmod ? "this function has no vector form" : nullptr;
}

const char* bind_int(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  const DType t = step.in[0].dtype;
  if (t == DType::boolean) return nullptr;
  if (t != DType::i32 && t != DType::i64) return "only i32, i64 and bool";
  const Binary op = attrs_as<BinaryAttrs>(step)->op;
  const bool plain = op <= Binary::max && op != Binary::div;
  return plain || is_comparison(op) ? nullptr : "this function has no vector form";
}

}  // namespace

#if defined(__x86_64__)
const Kernel binary_f32_avx512 = {"binary_f32_avx512", "binary",           Isa::avx512, 1,
                                  bind_vector,         avx512::binary_f32, nullptr,     nullptr};
const Kernel binary_f32_avx2 = {"binary_f32_avx2", "binary",         Isa::avx2, 1,
                                bind_vector,       avx2::binary_f32, nullptr,   nullptr};
const Kernel binary_16bit_avx512 = {"binary_16bit_avx512", "binary", Isa::avx512, 1, bind_16bit,
                                    avx512::binary_16bit,  nullptr,  nullptr};
const Kernel binary_16bit_avx2 = {"binary_16bit_avx2", "binary",           Isa::avx2, 1,
                                  bind_16bit,          avx2::binary_16bit, nullptr,   nullptr};
const Kernel binary_int_avx512 = {"binary_int_avx512", "binary", Isa::avx512, 1, bind_int,
                                  avx512::binary_int,  nullptr,  nullptr};
const Kernel binary_int_avx2 = {"binary_int_avx2", "binary",         Isa::avx2, 1,
                                bind_int,          avx2::binary_int, nullptr,   nullptr};
#endif
const Kernel binary_f32_neon = {
    "binary_f32_neon", "binary", Isa::neon, 1, bind_vector, HONE_ON_ARM(neon::binary_f32),
    nullptr,           nullptr};
const Kernel binary_16bit_neon = {"binary_16bit_neon",
                                  "binary",
                                  Isa::neon,
                                  1,
                                  bind_16bit,
                                  HONE_ON_ARM(neon::binary_16bit),
                                  nullptr,
                                  nullptr};
const Kernel binary_int_neon = {
    "binary_int_neon", "binary", Isa::neon, 1, bind_int, HONE_ON_ARM(neon::binary_int),
    nullptr,           nullptr};

const Kernel binary_any_portable = {"binary_any_portable", "binary", Isa::portable, 1, bind_any,
                                    portable::binary_any,  nullptr,  nullptr};
const Kernel binary_16bit_portable = {
    "binary_16bit_portable", "binary", Isa::portable, 1, bind_16bit,
    portable::binary_16bit,  nullptr,  nullptr};
const Kernel binary_f32_portable = {"binary_f32_portable", "binary", Isa::portable, 1, bind_f32,
                                    portable::binary_f32,  nullptr,  nullptr};

}  // namespace hone::kernels
