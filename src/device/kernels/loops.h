// Nested loops over a shape with a stride for each operand, collapsed to the fewest dimensions.
//
// What runs is static (one copy in each object file), so that ISA files may use it; what binds is
// inline and for files compiled with the baseline flags.
#pragma once

#include "device/kernels/chunks.h"

namespace hone::kernels {

template <int N>
struct Loops {
  int32_t rank;  // >= 1
  int64_t total;
  int64_t size[max_rank];
  int64_t stride[N][max_rank];  // in elements
};

// Calls row(at, n) for the runs of the innermost dimension that make up elements [begin, end) in
// row-major order; at[k] is the offset in operand k of the run's first element.
template <int N, class Row>
static inline void walk(const Loops<N>& l, int64_t begin, int64_t end, Row&& row) {
  if (begin >= end) return;
  int64_t index[max_rank], at[N] = {}, rest = begin;
  const int last = l.rank - 1;
  for (int d = last; d >= 0; --d) {
    index[d] = rest % l.size[d];
    rest /= l.size[d];
    for (int k = 0; k < N; ++k) at[k] += index[d] * l.stride[k][d];
  }
  for (int64_t left = end - begin;;) {
    int64_t n = l.size[last] - index[last];
    if (n > left) n = left;
    row(at, n);
    left -= n;
    if (left == 0) return;
    for (int k = 0; k < N; ++k) at[k] -= index[last] * l.stride[k][last];
    index[last] = 0;
    for (int d = last - 1;; --d) {  // ends: elements are left
      if (++index[d] < l.size[d]) {
        for (int k = 0; k < N; ++k) at[k] += l.stride[k][d];
        break;
      }
      index[d] = 0;
      for (int k = 0; k < N; ++k) at[k] -= (l.size[d] - 1) * l.stride[k][d];
    }
  }
}

// The runs of the units of this call.
template <int N, class Row>
static inline void walk_units(const RunArgs& args, const Loops<N>& l, Row&& row) {
  const Span64 own = elements_of_units(args, l.total);
  walk<N>(l, own.begin, own.end, row);
}

// Offset of operand k at row-major index i.
template <int N>
static inline int64_t offset_at(const Loops<N>& l, int k, int64_t i) {
  int64_t at = 0;
  for (int d = l.rank - 1; d >= 0; --d) {
    at += i % l.size[d] * l.stride[k][d];
    i /= l.size[d];
  }
  return at;
}

// Adds an inner dimension, merged with the one outside it where every operand allows.
template <int N>
inline void push_loop(Loops<N>* l, int64_t size, const int64_t (&stride)[N]) {
  if (size == 1) return;
  bool merge = l->rank > 0;
  for (int k = 0; k < N && merge; ++k) {
    int64_t whole = 0;
    merge = !mul_overflows(stride[k], size, &whole) && l->stride[k][l->rank - 1] == whole;
  }
  int d = merge ? l->rank - 1 : l->rank++;
  l->size[d] = merge ? l->size[d] * size : size;
  for (int k = 0; k < N; ++k) l->stride[k][d] = stride[k];
}

// Closes loops to which every dimension was pushed; total is the product of all sizes.
template <int N>
inline void finish_loops(Loops<N>* l, int64_t total) {
  l->total = total;
  if (l->rank > 0 && total > 0) return;
  l->rank = 1;
  l->size[0] = total;
  for (int k = 0; k < N; ++k) l->stride[k][0] = 0;
}

// Loops over `shape` with the strides given in shape's rank.
template <int N>
inline void make_loops(const Shape& shape, int64_t total, const int64_t (*stride)[max_rank],
                       Loops<N>* l) {
  l->rank = 0;
  for (int d = 0; d < shape.rank() && total > 0; ++d) {
    int64_t s[N];
    for (int k = 0; k < N; ++k) s[k] = stride[k][d];
    push_loop(l, shape[d], s);
  }
  finish_loops(l, total);
}

// Strides with which the dense `from` is read as if it had the shape `to` (NumPy broadcasting), in
// `to`'s rank. False where it does not broadcast.
inline bool broadcast_strides(const Shape& from, const Shape& to, int64_t* strides) {
  int lead = to.rank() - from.rank();
  if (lead < 0) return false;
  int64_t s = 1;
  for (int d = to.rank() - 1; d >= 0; --d) {
    int64_t size = d >= lead ? from[d - lead] : 1;
    if (size != 1 && size != to[d]) return false;
    strides[d] = size == 1 ? 0 : s;
    if (size != 0) s *= size;
  }
  return true;
}

}  // namespace hone::kernels
