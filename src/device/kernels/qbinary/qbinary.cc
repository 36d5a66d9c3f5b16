#include "device/kernels/qbinary/qbinary.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/qbinary/qbinary_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/qbinary/kernels.inc"
#undef HONE_KERNEL

namespace {

int32_t least(DType t) { return t == DType::u8 ? 0 : -128; }
bool holds(DType t, int32_t v) { return v >= least(t) && v <= least(t) + 255; }

// An operand's strides over y's dimensions: 0 where it has one element for all of y's.
bool strides_over(const Operand& o, const Shape& y, int64_t* strides) {
  int64_t reach = 0;
  if (!extent(o, &reach) || reach > max_elements) return false;
  const int lead = y.rank() - o.shape.rank();
  for (int d = 0; d < y.rank(); ++d) {
    const int64_t size = d < lead ? 1 : o.shape[d - lead];
    if (size != 1 && size != y[d]) return false;
    strides[d] = size == 1 ? 0 : o.strides[d - lead];
  }
  return lead >= 0;
}

const char* check_attrs(const QBinaryAttrs& a, const Step& step) {
  if (a.op < QBinary::add || a.op > QBinary::mul) return "qbinary: no such function";
  const DType y = step.out[0].dtype;
  if (!holds(step.in[0].dtype, a.a_zero) || !holds(step.in[1].dtype, a.b_zero) ||
      !holds(y, a.y_zero)) {
    return "qbinary: zero points";
  }
  const bool ordered = holds(y, a.lowest) && holds(y, a.highest) && a.lowest <= a.highest;
  return ordered ? nullptr : "qbinary: range of the result";
}

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<QBinaryAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1) return "qbinary: attributes or operands";
  const Operand &a = step.in[0], &b = step.in[1], &y = step.out[0];
  if (!is_byte(a.dtype) || !is_byte(b.dtype) || !is_byte(y.dtype)) return "qbinary: 8 bits only";
  if (const char* why = check_attrs(*at, step)) return why;
  int64_t n = 0, row = 0, reach = 0;
  if (!y.shape.count_checked(&n) || n > max_elements) return "qbinary: too large";
  if (!extent(y, &reach) || reach > max_elements) return "qbinary: view of y";
  const bool rows = y.shape.rank() == 0 ? is_dense(y) : is_row_strided(y, &row);
  if (n > 0 && !rows) return "qbinary: y is not in rows";
  int64_t strides[3][max_rank] = {};
  if (!strides_over(a, y.shape, strides[0]) || !strides_over(b, y.shape, strides[1])) {
    return "qbinary: operands do not broadcast";
  }
  for (int d = 0; d < y.shape.rank(); ++d) strides[2][d] = y.strides[d];
  auto* p = params_as<QBinaryParams>(params);
  make_loops<3>(y.shape, n, strides, &p->loops);
  p->attrs = *at;
  p->a = a.dtype, p->b = b.dtype, p->y = y.dtype;
  *work = {};
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  const auto& p = *static_cast<const QBinaryParams*>(params);
  if (p.a != p.b || p.a != p.y) return "types differ";
  const int last = p.loops.rank - 1;
  for (int k = 0; k < 2; ++k) {
    const int64_t stride = p.loops.stride[k][last];
    if (stride != 0 && stride != 1) return "elements of an operand lie apart";
  }
  return p.loops.size[last] <= 1 || p.loops.stride[2][last] == 1 ? nullptr : "y lies apart";
}

}  // namespace

#if defined(__x86_64__)
const Kernel qbinary_8bit_avx512 = {"qbinary_8bit_avx512", "qbinary", Isa::avx512, 1, bind_vector,
                                    avx512::qbinary_run,   nullptr,   nullptr};
const Kernel qbinary_8bit_avx2 = {"qbinary_8bit_avx2", "qbinary",         Isa::avx2, 1,
                                  bind_vector,         avx2::qbinary_run, nullptr,   nullptr};
#endif
const Kernel qbinary_8bit_neon = {"qbinary_8bit_neon",
                                  "qbinary",
                                  Isa::neon,
                                  1,
                                  bind_vector,
                                  HONE_ON_ARM(neon::qbinary_run),
                                  nullptr,
                                  nullptr};
const Kernel qbinary_8bit_portable = {
    "qbinary_8bit_portable", "qbinary", Isa::portable, 1, bind_any,
    portable::qbinary_run,   nullptr,   nullptr};

}  // namespace hone::kernels
