#include "device/kernels/nonzero/nonzero.h"

#include "device/kernels/check.h"
#include "device/kernels/nonzero/nonzero_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/nonzero/kernels.inc"
#undef HONE_KERNEL

namespace {

bool has_words(DType t) {
  switch (t) {
    case DType::f32:
    case DType::f64:
    case DType::boolean:
    case DType::i8:
    case DType::u8:
    case DType::i16:
    case DType::u16:
    case DType::i32:
    case DType::u32:
    case DType::i64:
    case DType::u64: return true;
    default: return false;
  }
}

const char* bind(const Step& step, void* params, Work* work) {
  if (!step.attrs.empty() || step.in.size() != 1 || step.out.size() != 2) {
    return "nonzero: attributes or operands";
  }
  const Operand &x = step.in[0], &where = step.out[0], &count = step.out[1];
  int64_t n = 0, places = 0, one = 0;
  if (!dense_count(x, &n) || !dense_count(where, &places) || !dense_count(count, &one)) {
    return "nonzero: operands must be dense";
  }
  if (!has_words(x.dtype) || where.dtype != DType::i64 || count.dtype != DType::i64) {
    return "nonzero: element types";
  }
  const int rank = x.shape.rank();
  if (rank < 1 || where.shape.rank() != 2 || where.shape[0] != rank || where.shape[1] != n ||
      one != 1) {
    return "nonzero: shape of the result";
  }
  auto& p = *params_as<NonzeroParams>(params);
  p = {n, x.dtype, rank, {}};
  for (int d = 0; d < rank; ++d) p.size[d] = x.shape[d];
  // Where an element goes depends on all before it.
  work->units[0] = 1;
  return nullptr;
}

}  // namespace

const Kernel nonzero_any_portable = {"nonzero_any_portable", "nonzero", Isa::portable, 1, bind,
                                     portable::nonzero_any,  nullptr,   nullptr};

}  // namespace hone::kernels
