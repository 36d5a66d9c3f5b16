#include "device/kernels/topk/topk.h"

#include "device/kernels/check.h"
#include "device/kernels/numbers.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/topk/kernels.inc"
#undef HONE_KERNEL

namespace {

struct TopkParams {
  int64_t size, k, inner;
  DType type;
  bool largest;
};

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

// The k best places of one line, as a heap whose root is the worst of them.
template <class T>
class Best {
 public:
  Best(const T* line, int64_t stride, bool largest, int64_t* heap)
      : line_(line), stride_(stride), largest_(largest), heap_(heap) {}

  // heap[0 .. k) become the places of the best of `size` elements, best first.
  void find(int64_t size, int64_t k) {
    for (int64_t i = 0; i < k; ++i) heap_[i] = i;
    for (int64_t i = k / 2; i-- > 0;) sink(i, k);
    for (int64_t i = k; i < size; ++i) {
      if (!precedes(i, heap_[0])) continue;
      heap_[0] = i;
      sink(0, k);
    }
    for (int64_t left = k - 1; left > 0; --left) {
      const int64_t worst = heap_[0];
      heap_[0] = heap_[left];
      heap_[left] = worst;
      sink(0, left);
    }
  }

 private:
  bool precedes(int64_t i, int64_t j) const {
    const T a = line_[i * stride_], b = line_[j * stride_];
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan != b_nan) return b_nan;
    if (!a_nan && a != b) return largest_ ? a > b : a < b;
    return i < j;
  }

  void sink(int64_t at, int64_t n) {
    const int64_t moved = heap_[at];
    for (;;) {
      int64_t child = 2 * at + 1;
      if (child >= n) break;
      if (child + 1 < n && precedes(heap_[child], heap_[child + 1])) ++child;
      if (!precedes(moved, heap_[child])) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = moved;
  }

  const T* line_;
  int64_t stride_;
  bool largest_;
  int64_t* heap_;
};

template <class T>
void find(const RunArgs& args, const TopkParams& p) {
  auto* heap = static_cast<int64_t*>(args.scratch);
  for (int64_t i = args.begin; i < args.end; ++i) {
    const int64_t outer = i / p.inner, within = i % p.inner;
    const T* x = static_cast<const T*>(args.in[0]) + outer * p.size * p.inner + within;
    T* values = static_cast<T*>(args.out[0]) + outer * p.k * p.inner + within;
    int64_t* indices = static_cast<int64_t*>(args.out[1]) + outer * p.k * p.inner + within;
    Best<T>(x, p.inner, p.largest, heap).find(p.size, p.k);
    for (int64_t j = 0; j < p.k; ++j) {
      values[j * p.inner] = x[heap[j] * p.inner];
      indices[j * p.inner] = heap[j];
    }
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const TopkParams*>(args.params);
  with_number(p.type, [&](auto number) { find<decltype(number)>(args, p); });
}

}  // namespace

const Kernel topk_any_heap_portable = {
    "topk_any_heap_portable", "topk", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
