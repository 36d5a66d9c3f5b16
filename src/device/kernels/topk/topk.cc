#include "device/kernels/topk/topk.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/numbers.h"
#include "device/kernels/topk/topk_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/topk/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<TopkAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 2) return "topk: operands";
  const Operand &x = step.in[0], &y = step.out[0], &index = step.out[1];
  int64_t nx = 0, n = 0, ni = 0;
  if (!dense_count(x, &nx) || !dense_count(y, &n) || !dense_count(index, &ni)) {
    return "topk: operands must be dense";
  }
  if (!is_number(x.dtype) || y.dtype != x.dtype || index.dtype != DType::i64) return "topk: types";
  const int rank = x.shape.rank(), axis = at->axis;
  if (axis < 0 || axis >= rank || (at->largest != 0 && at->largest != 1)) return "topk: attributes";
  if (y.shape.rank() != rank || !(index.shape == y.shape)) return "topk: shapes";
  for (int i = 0; i < rank; ++i) {
    if (i != axis && y.shape[i] != x.shape[i]) return "topk: shapes";
  }
  if (y.shape[axis] > x.shape[axis]) return "topk: more than there are";
  auto* p = params_as<TopkParams>(params);
  *p = {x.shape[axis], y.shape[axis], x.shape.count(axis + 1, rank), x.dtype, at->largest != 0};
  work->units[0] = n == 0 ? 0 : n / p->k;
  work->scratch_bytes = n == 0 ? 0 : p->k * static_cast<int64_t>(sizeof(int64_t));
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel topk_any_heap_avx512 = {"topk_any_heap_avx512", "topk",  Isa::avx512, 1, bind,
                                     avx512::topk_any_heap,  nullptr, nullptr};
const Kernel topk_any_heap_avx2 = {"topk_any_heap_avx2", "topk",  Isa::avx2, 1, bind,
                                   avx2::topk_any_heap,  nullptr, nullptr};
#endif
const Kernel topk_any_heap_neon = {"topk_any_heap_neon",
                                   "topk",
                                   Isa::neon,
                                   1,
                                   bind,
                                   HONE_ON_ARM(neon::topk_any_heap),
                                   nullptr,
                                   nullptr};
const Kernel topk_any_heap_portable = {"topk_any_heap_portable", "topk",  Isa::portable, 1, bind,
                                       portable::topk_any_heap,  nullptr, nullptr};

}  // namespace hone::kernels
