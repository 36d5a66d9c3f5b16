#include "device/kernels/gather_elements/gather_elements.h"

#include "device/kernels/check.h"
#include "device/kernels/index.h"
#include "device/kernels/loops.h"
#include "device/kernels/words.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/gather_elements/kernels.inc"
#undef HONE_KERNEL

namespace {

struct GatherElementsParams {
  Loops<1> loops;        // over y, strides of x with the axis' own 0
  int64_t size, stride;  // of the axis in x
  int32_t bytes;
  bool wide;
};

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<GatherElementsAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1) {
    return "gather_elements: attributes or operands";
  }
  const Operand &x = step.in[0], &index = step.in[1], &y = step.out[0];
  int64_t n = 0, nx = 0, ni = 0;
  if (!dense_count(x, &nx) || !dense_count(index, &ni) || !dense_count(y, &n)) {
    return "gather_elements: operands must be dense";
  }
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "gather_elements: types";
  if (!is_index_type(index.dtype)) return "gather_elements: type of the indices";
  const int rank = x.shape.rank();
  if (at->axis < 0 || at->axis >= rank) return "gather_elements: axis";
  if (index.shape.rank() != rank || !(y.shape == index.shape)) return "gather_elements: shapes";
  int64_t strides[1][max_rank] = {}, stride = 1;
  auto* p = params_as<GatherElementsParams>(params);
  *p = {};
  for (int d = rank - 1; d >= 0 && n > 0; --d) {
    if (d != at->axis && index.shape[d] > x.shape[d]) return "gather_elements: shapes";
    if (x.shape[d] == 0) return "gather_elements: nothing to gather from";
    strides[0][d] = d == at->axis ? 0 : stride;
    if (d == at->axis) p->stride = stride;
    stride *= x.shape[d];
  }
  p->size = x.shape[at->axis];
  p->bytes = element_bytes(x.dtype);
  p->wide = index.dtype == DType::i64;
  make_loops<1>(y.shape, n, strides, &p->loops);
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

template <class T>
void gather(const RunArgs& args, const GatherElementsParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  int64_t i = args.begin * chunk;
  const int64_t step = p.loops.stride[0][p.loops.rank - 1];
  T* y = static_cast<T*>(args.out[0]);
  walk_units<1>(args, p.loops, [&](const int64_t* at, int64_t n) {
    for (int64_t k = 0; k < n; ++k, ++i) {
      y[i] = x[at[0] + k * step + clamp_index(index_at(args.in[1], p.wide, i), p.size) * p.stride];
    }
  });
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const GatherElementsParams*>(args.params);
  with_word(p.bytes, [&](auto word) { gather<decltype(word)>(args, p); });
}

}  // namespace

const Kernel gather_elements_any_portable = {"gather_elements_any_portable",
                                             "gather_elements",
                                             Isa::portable,
                                             1,
                                             bind,
                                             run,
                                             nullptr,
                                             nullptr};

}  // namespace hone::kernels
