// select in loops that load both sides, so that the compiler makes vectors of them. Included with
// HONE_ISA set to the namespace; what is here is static.
#pragma once

#include "device/kernels/select/select_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class T>
void select_row(const uint8_t* c, const T* a, const T* b, T* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T yes = a[i], no = b[i];
    y[i] = c[i] != 0 ? yes : no;
  }
}
// One value on one side; `flip` where it is the one of true conditions.
template <class T>
void select_row(const uint8_t* c, const T* x, T v, bool flip, T* y, int64_t n) {
  if (flip) {
    for (int64_t i = 0; i < n; ++i) {
      const T no = x[i];
      y[i] = c[i] != 0 ? v : no;
    }
  } else {
    for (int64_t i = 0; i < n; ++i) {
      const T yes = x[i];
      y[i] = c[i] != 0 ? yes : v;
    }
  }
}
template <class T>
void take_row(const T* from, int64_t step, T* y, int64_t n) {
  if (step == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = from[i];
  } else {
    const T v = *from;
    for (int64_t i = 0; i < n; ++i) y[i] = v;
  }
}

template <class T>
void run_select(const RunArgs& args, const Loops<3>& l) {
  const auto* c = static_cast<const uint8_t*>(args.in[0]);
  const T *a = static_cast<const T*>(args.in[1]), *b = static_cast<const T*>(args.in[2]);
  T* y = static_cast<T*>(args.out[0]) + args.begin * chunk;
  const int last = l.rank - 1;  // innermost strides are 0 or 1
  const int64_t sc = l.stride[0][last], sa = l.stride[1][last], sb = l.stride[2][last];
  walk_units<3>(args, l, [&](const int64_t* at, int64_t n) {
    const uint8_t* rc = c + at[0];
    const T *ra = a + at[1], *rb = b + at[2];
    if (sc == 0) {
      take_row(*rc != 0 ? ra : rb, *rc != 0 ? sa : sb, y, n);
    } else if (sa == 1 && sb == 1) {
      select_row(rc, ra, rb, y, n);
    } else if (sa == 1 || sb == 1) {
      select_row(rc, sa == 1 ? ra : rb, sa == 1 ? *rb : *ra, sb == 1, y, n);
    } else {
      const T yes = *ra, no = *rb;
      for (int64_t i = 0; i < n; ++i) y[i] = rc[i] != 0 ? yes : no;
    }
    y += n;
  });
}

}  // namespace

void select_any(const RunArgs& args) {
  auto* p = static_cast<const SelectParams*>(args.params);
  with_word(p->bytes, [&](auto word) { run_select<decltype(word)>(args, p->loops); });
}

}  // namespace hone::kernels::HONE_ISA
