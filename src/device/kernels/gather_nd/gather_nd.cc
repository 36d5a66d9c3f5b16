#include "device/kernels/gather_nd/gather_nd.h"

#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/index.h"
#include "device/kernels/words.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/gather_nd/kernels.inc"
#undef HONE_KERNEL

namespace {

struct GatherNdParams {
  int64_t total, inner;
  int64_t tuples;  // of one batch
  int64_t batch_stride;
  int64_t size[max_rank], stride[max_rank];  // of the indexed dimensions
  int32_t depth, bytes;
  bool wide;
};

// y's shape is that of the indices without the last dimension, then x's remaining dimensions.
bool is_gathered(const Shape& x, const Shape& index, const Shape& y, int batch, int depth) {
  const int lead = index.rank() - 1, rest = x.rank() - batch - depth;
  if (y.rank() != lead + rest) return false;
  for (int i = 0; i < lead; ++i) {
    if (y[i] != index[i] || (i < batch && x[i] != index[i])) return false;
  }
  for (int i = 0; i < rest; ++i) {
    if (y[lead + i] != x[batch + depth + i]) return false;
  }
  return true;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<GatherNdAttrs>(step);
  if (!at || step.in.size() != 2 || step.out.size() != 1) return "gather_nd: operands";
  const Operand &x = step.in[0], &index = step.in[1], &y = step.out[0];
  int64_t n = 0, nx = 0, ni = 0;
  if (!dense_count(x, &nx) || !dense_count(index, &ni) || !dense_count(y, &n)) {
    return "gather_nd: operands must be dense";
  }
  if (x.dtype != y.dtype || element_bytes(x.dtype) == 0) return "gather_nd: types";
  if (!is_index_type(index.dtype)) return "gather_nd: type of the indices";
  const int rank = x.shape.rank(), batch = at->batch_dims;
  if (index.shape.rank() < 1 || batch < 0 || batch >= index.shape.rank() || batch > rank) {
    return "gather_nd: batch_dims";
  }
  if (index.shape.back() < 0 || index.shape.back() > rank - batch) return "gather_nd: depth";
  const int depth = static_cast<int>(index.shape.back());
  if (!is_gathered(x.shape, index.shape, y.shape, batch, depth)) return "gather_nd: shapes";
  if (n > 0 && nx == 0) return "gather_nd: nothing to gather from";
  auto* p = params_as<GatherNdParams>(params);
  *p = {};
  p->total = n;
  work->units[0] = ceil_div(n, chunk);
  if (n == 0) return nullptr;
  p->inner = x.shape.count(batch + depth, rank);
  int64_t stride = p->inner;
  for (int i = depth - 1; i >= 0; --i) {
    p->size[i] = x.shape[batch + i];
    p->stride[i] = stride;
    stride *= p->size[i];
  }
  p->batch_stride = stride;
  p->tuples = index.shape.count(batch, index.shape.rank() - 1);
  p->depth = depth;
  p->bytes = element_bytes(x.dtype);
  p->wide = index.dtype == DType::i64;
  return nullptr;
}

template <class T>
void gather(const RunArgs& args, const GatherNdParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  T* y = static_cast<T*>(args.out[0]);
  auto [at, end] = elements_of_units(args, p.total);
  while (at < end) {
    const int64_t tuple = at / p.inner, within = at % p.inner;
    int64_t from = tuple / p.tuples * p.batch_stride + within;
    for (int k = 0; k < p.depth; ++k) {
      from +=
          clamp_index(index_at(args.in[1], p.wide, tuple * p.depth + k), p.size[k]) * p.stride[k];
    }
    const int64_t n = min_of(p.inner - within, end - at);
    if (n == 1) {
      y[at] = x[from];
    } else {
      std::memcpy(y + at, x + from, static_cast<size_t>(n) * sizeof(T));
    }
    at += n;
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const GatherNdParams*>(args.params);
  with_word(p.bytes, [&](auto word) { gather<decltype(word)>(args, p); });
}

}  // namespace

const Kernel gather_nd_any_portable = {
    "gather_nd_any_portable", "gather_nd", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
