// topk by a heap; lines of contiguous elements are looked through in blocks, which the compiler
// makes vectors of. Included with HONE_ISA set to the namespace; what is here is static.
#pragma once

#include "device/kernels/numbers.h"
#include "device/kernels/topk/topk_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

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
    for (int64_t i = k; i < size;) {
      if (stride_ == 1) i = skip(i, size);
      for (const int64_t end = size - i < block ? size : i + block; i < end; ++i) {
        if (!precedes(i, heap_[0])) continue;
        heap_[0] = i;
        sink(0, k);
      }
    }
    for (int64_t left = k - 1; left > 0; --left) {
      const int64_t worst = heap_[0];
      heap_[0] = heap_[left];
      heap_[left] = worst;
      sink(0, left);
    }
  }

 private:
  static constexpr int64_t block = 32;

  // The start of the first block from i on that holds one better than the worst of the heap, or of
  // what is left over at the end. An equal one later on is no better.
  int64_t skip(int64_t i, int64_t size) const {
    const T worst = line_[heap_[0]];
    if (worst != worst) return i;
    for (; i + block <= size; i += block) {
      int better = 0;
      for (int64_t j = 0; j < block; ++j) {
        const T v = line_[i + j];
        better |= largest_ ? v > worst : v < worst;
      }
      if (better != 0) break;
    }
    return i;
  }

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

}  // namespace

void topk_any_heap(const RunArgs& args) {
  auto& p = *static_cast<const TopkParams*>(args.params);
  with_number(p.type, [&](auto number) { find<decltype(number)>(args, p); });
}

}  // namespace hone::kernels::HONE_ISA
