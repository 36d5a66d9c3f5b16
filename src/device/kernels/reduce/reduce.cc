#include "device/kernels/reduce/reduce.h"

#include <bit>
#include "device/kernels/arm.h"

#include "device/kernels/check.h"
#include "device/kernels/reduce/reduce_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/reduce/kernels.inc"
#undef HONE_KERNEL

namespace {

// y has x's shape with the reduced axes 1, or without them.
bool is_reduced(const Shape& x, const Shape& y, uint32_t axes) {
  Shape kept, gone;
  for (int i = 0; i < x.rank(); ++i) {
    bool reduce = axes >> i & 1;
    kept.push(reduce ? 1 : x[i]);
    if (!reduce) gone.push(x[i]);
  }
  return y == kept || y == gone;
}

// y has as many elements as x without the reduced axes.
bool holds_kept(const Shape& x, int64_t elements, uint32_t axes) {
  int64_t count = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if ((axes >> i & 1) == 0 && mul_overflows(count, x[i], &count)) return false;
  }
  return count == elements;
}

bool takes(DType t, Reduce op) {
  if (t == DType::boolean) return op == Reduce::max || op == Reduce::min;
  return t == DType::f32 || t == DType::f64 || (is_integer(t) && bits(t) >= 8);
}

// False where the number of elements to reduce is unreasonable (only where y is empty can it be).
bool set_loops(const Shape& x, uint32_t axes, int64_t kept, ReduceParams* p) {
  int64_t strides[max_rank] = {}, stride = 1, reduced = 1;
  for (int i = x.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    if (x[i] > 0 && mul_overflows(stride, x[i], &stride)) return false;
    if ((axes >> i & 1) && mul_overflows(reduced, x[i], &reduced)) return false;
  }
  if (reduced > max_elements || stride > max_elements) return false;
  p->kept.rank = p->reduced.rank = 0;
  p->by_rows = true;
  for (int i = 0; i < x.rank(); ++i) {
    bool reduce = axes >> i & 1;
    if (x[i] != 1) p->by_rows = reduce;
    int64_t s[1] = {strides[i]};
    push_loop(reduce ? &p->reduced : &p->kept, x[i], s);
  }
  finish_loops(&p->kept, kept);
  finish_loops(&p->reduced, reduced);
  return true;
}

void set_work(int64_t kept, ReduceParams* p, Work* work) {
  int64_t size = max_of(p->reduced.total, 1);
  if (p->by_rows) {
    p->per_unit = max_of(1, chunk / size);
    work->units[0] = ceil_div(kept, p->per_unit);
    return;
  }
  p->columns = p->kept.size[p->kept.rank - 1];
  if (kept > 0) p->blocks = kept / p->columns * ceil_div(p->columns, reduce_block);
  p->per_unit = max_of(1, chunk / size / min_of(max_of(p->columns, 1), reduce_block));
  work->units[0] = ceil_div(p->blocks, p->per_unit);
}

const char* bind_any(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<ReduceAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1) return "reduce: attributes or operands";
  if (static_cast<uint32_t>(at->op) >= reduce_end) return "reduce: no such function";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, kept = 0;
  if (!dense_count(x, &n) || !dense_count(y, &kept)) return "reduce: operands must be dense";
  uint32_t axes = at->axes;
  if (step.dims.size() == 1) {  // computed
    if (axes != 0 || step.dims[0] < 0 || step.dims[0] >= 1 << max_rank) return "reduce: axes";
    axes = static_cast<uint32_t>(step.dims[0]);
  } else if (!step.dims.empty()) {
    return "reduce: dims";
  }
  if ((axes >> x.shape.rank()) != 0) return "reduce: axes";
  const bool fits =
      step.dims.empty() ? is_reduced(x.shape, y.shape, axes) : holds_kept(x.shape, kept, axes);
  if (!fits) return "reduce: shape of the result";
  if (!takes(x.dtype, at->op)) return "reduce: no such function of this type";
  if (y.dtype != (is_arg(at->op) ? DType::i64 : x.dtype)) return "reduce: type of the result";
  if (is_arg(at->op) && std::popcount(axes) != 1) return "reduce: one axis for arg_max, arg_min";
  if (is_arg(at->op) && n == 0 && kept > 0) return "reduce: arg_max, arg_min of nothing";
  auto* p = params_as<ReduceParams>(params);
  *p = {};
  p->op = at->op;
  p->dtype = x.dtype;
  p->last = at->select_last_index != 0;
  if (!set_loops(x.shape, axes, kept, p)) return "reduce: too large";
  set_work(kept, p, work);
  return nullptr;
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_any(step, params, work)) return why;
  if (step.in[0].dtype != DType::f32) return "only f32";
  const Reduce op = attrs_as<ReduceAttrs>(step)->op;
  return op == Reduce::log_sum_exp ? "this function has no vector form" : nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel reduce_f32_avx512 = {"reduce_f32_avx512", "reduce",           Isa::avx512, 1,
                                  bind_vector,         avx512::reduce_f32, nullptr,     nullptr};
const Kernel reduce_f32_avx2 = {"reduce_f32_avx2", "reduce",         Isa::avx2, 1,
                                bind_vector,       avx2::reduce_f32, nullptr,   nullptr};
#endif
const Kernel reduce_f32_neon = {
    "reduce_f32_neon", "reduce", Isa::neon, 1, bind_vector, HONE_ON_ARM(neon::reduce_f32),
    nullptr,           nullptr};

const Kernel reduce_any_portable = {"reduce_any_portable", "reduce", Isa::portable, 1, bind_any,
                                    portable::reduce_any,  nullptr,  nullptr};

}  // namespace hone::kernels
