#include "device/kernels/cut/cut.h"

#include "device/kernels/check.h"
#include "device/kernels/loops.h"
#include "device/kernels/words.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/cut/kernels.inc"
#undef HONE_KERNEL

namespace {

struct CutParams {
  Loops<2> loops;  // of x, whose strides may be negative, and y
  int64_t base;    // of x
  int32_t bytes;
};

const char* bind(const Step& step, void* params, Work* work) {
  if (!step.attrs.empty() || step.in.size() != 1 || step.out.size() != 1) {
    return "cut: attributes or operands";
  }
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t nx = 0, n = 0;
  if (!dense_count(x, &nx) || !dense_count(y, &n)) return "cut: operands must be dense";
  const int rank = x.shape.rank();
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "cut: types";
  if (y.shape.rank() != rank || step.dims.size() != 2 * static_cast<size_t>(rank)) {
    return "cut: ranks";
  }
  auto* p = params_as<CutParams>(params);
  *p = {};
  p->bytes = element_bytes(x.dtype);
  int64_t strides[2][max_rank] = {};
  for (int d = 0; d < rank && n > 0; ++d) {
    const int64_t size = x.shape[d], first = step.dims[static_cast<size_t>(d)],
                  width = step.dims[static_cast<size_t>(d + rank)];
    if (first < 0 || first >= size || width < -size || width > size) return "cut: an axis";
    int64_t last = 0;
    if (mul_overflows(y.shape[d] - 1, width, &last) || last < -first || last >= size - first) {
      return "cut: beyond x";
    }
    p->base += first * x.strides[d];
    strides[0][d] = width * x.strides[d];
    strides[1][d] = y.strides[d];
  }
  make_loops<2>(y.shape, n, strides, &p->loops);
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const CutParams*>(args.params);
  const int64_t step = p.loops.stride[0][p.loops.rank - 1];
  walk_units<2>(args, p.loops, [&](const int64_t* at, int64_t n) {
    with_word(p.bytes, [&](auto word) {  // in the walk, which is there once then
      using T = decltype(word);
      const T* x = static_cast<const T*>(args.in[0]) + p.base + at[0];
      T* y = static_cast<T*>(args.out[0]) + at[1];
      for (int64_t i = 0; i < n; ++i) y[i] = x[i * step];
    });
  });
}

}  // namespace

const Kernel cut_any_portable = {
    "cut_any_portable", "cut", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
