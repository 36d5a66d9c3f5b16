// binary for the integers and truth values that models compute with, in loops that the compiler
// makes vectors of. Included with HONE_ISA set to the namespace; what is here is static.
#pragma once

#include <type_traits>

#include "device/kernels/binary/binary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

template <class T, class U, class F>
void int_row(const T* a, int64_t sa, const T* b, int64_t sb, U* y, int64_t n, F f) {
  if (sa == 1 && sb == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(a[i], b[i]));
  } else if (sa == 1) {
    const T v = *b;
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(a[i], v));
  } else if (sb == 1) {
    const T v = *a;
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<U>(f(v, b[i]));
  } else {
    const U v = static_cast<U>(f(*a, *b));
    for (int64_t i = 0; i < n; ++i) y[i] = v;
  }
}

template <class T, class U, class F>
void int_rows(const RunArgs& args, F f) {
  const Loops<2>& l = static_cast<const BinaryParams*>(args.params)->loops;
  const T *a = static_cast<const T*>(args.in[0]), *b = static_cast<const T*>(args.in[1]);
  U* y = static_cast<U*>(args.out[0]) + args.begin * chunk;
  const int64_t sa = l.stride[0][l.rank - 1], sb = l.stride[1][l.rank - 1];
  walk_units<2>(args, l, [&](const int64_t* at, int64_t n) {
    int_row(a + at[0], sa, b + at[1], sb, y, n, f);
    y += n;
  });
}

template <class T>
void run_int(const RunArgs& args, Binary op) {
  using U = std::make_unsigned_t<T>;  // in which results wrap
  switch (op) {
    case Binary::add: return int_rows<U, U>(args, [](U a, U b) { return a + b; });
    case Binary::sub: return int_rows<U, U>(args, [](U a, U b) { return a - b; });
    case Binary::mul: return int_rows<U, U>(args, [](U a, U b) { return a * b; });
    case Binary::min: return int_rows<T, T>(args, [](T a, T b) { return a < b ? a : b; });
    case Binary::max: return int_rows<T, T>(args, [](T a, T b) { return a > b ? a : b; });
    case Binary::equal: return int_rows<T, uint8_t>(args, [](T a, T b) { return a == b; });
    case Binary::less: return int_rows<T, uint8_t>(args, [](T a, T b) { return a < b; });
    case Binary::less_equal: return int_rows<T, uint8_t>(args, [](T a, T b) { return a <= b; });
    case Binary::greater: return int_rows<T, uint8_t>(args, [](T a, T b) { return a > b; });
    case Binary::greater_equal: return int_rows<T, uint8_t>(args, [](T a, T b) { return a >= b; });
    default: return;  // not bound
  }
}

void run_bool(const RunArgs& args, Binary op) {
  using B = uint8_t;  // a byte of an input may be neither 0 nor 1
  switch (op) {
    case Binary::equal: return int_rows<B, B>(args, [](B a, B b) { return (a != 0) == (b != 0); });
    case Binary::logical_and:
      return int_rows<B, B>(args, [](B a, B b) { return (a != 0) & (b != 0); });
    case Binary::logical_or: return int_rows<B, B>(args, [](B a, B b) { return (a | b) != 0; });
    case Binary::logical_xor:
      return int_rows<B, B>(args, [](B a, B b) { return (a != 0) != (b != 0); });
    default: return;  // not bound
  }
}

}  // namespace

void binary_int(const RunArgs& args) {
  auto& p = *static_cast<const BinaryParams*>(args.params);
  switch (p.dtype) {
    case DType::i32: return run_int<int32_t>(args, p.attrs.op);
    case DType::i64: return run_int<int64_t>(args, p.attrs.op);
    case DType::boolean: return run_bool(args, p.attrs.op);
    default: return;
  }
}

}  // namespace hone::kernels::HONE_ISA
