// pad by rows. Included with HONE_ISA set to the namespace and after its move_bytes; what is here
// is static.
#pragma once

#include "device/kernels/pad/pad_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::HONE_ISA {
namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Where element i (may be outside) of a dimension of n comes from; -1: from nowhere.
int64_t source(PadMode mode, int64_t i, int64_t n) {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case PadMode::constant: return -1;
    case PadMode::edge: return i < 0 ? 0 : n - 1;
    case PadMode::wrap: i %= n; return i < 0 ? i + n : i;
    case PadMode::reflect: break;
  }
  int64_t period = 2 * (n - 1);
  if (period == 0) return 0;
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

template <class T>
void fill(T* y, int64_t n, T value) {
  for (int64_t i = 0; i < n; ++i) y[i] = value;
}

template <class T>
void copy(T* y, const T* x, int64_t n) {
  move_bytes(reinterpret_cast<uint8_t*>(y), reinterpret_cast<const uint8_t*>(x),
             n * static_cast<int64_t>(sizeof(T)));
}

// Elements [from, to) of y's last dimension that lie in the padding.
template <class T>
void border(const PadParams& p, const T* x, T* y, int64_t from, int64_t to, T value) {
  int d = p.rank - 1;
  if (p.mode == PadMode::constant) return fill(y + from * p.inner, (to - from) * p.inner, value);
  for (int64_t i = from; i < to; ++i) {
    copy(y + i * p.inner, x + source(p.mode, i - p.begin[d], p.x_size[d]) * p.inner, p.inner);
  }
}

template <class T>
void pad_row(const PadParams& p, const T* x, T* y, T value) {
  int d = p.rank - 1;
  int64_t front = least(most(p.begin[d], 0), p.y_size[d]), first = most(-p.begin[d], 0);
  int64_t middle = most(0, least(p.x_size[d] - first, p.y_size[d] - front));
  border(p, x, y, 0, front, value);
  if (middle > 0) copy(y + front * p.inner, x + first * p.inner, middle * p.inner);
  border(p, x, y, front + middle, p.y_size[d], value);
}

// n < 32 bytes in two pieces that overlap, or one by one.
template <size_t piece>
void copy_ends(uint8_t* y, const uint8_t* x, size_t n) {
  uint8_t first[piece], last[piece];
  __builtin_memcpy(first, x, piece), __builtin_memcpy(last, x + n - piece, piece);
  __builtin_memcpy(y, first, piece), __builtin_memcpy(y + n - piece, last, piece);
}
void copy_short(uint8_t* y, const uint8_t* x, size_t n) {
  if (n >= 16) return copy_ends<16>(y, x, n);
  if (n >= 8) return copy_ends<8>(y, x, n);
  if (n >= 4) return copy_ends<4>(y, x, n);
  for (size_t i = 0; i < n; ++i) y[i] = x[i];
}

// Only the last dimension is padded, by a constant, and its rows are short: channels of pixels.
bool has_short_rows(const PadParams& p) {
  if (p.mode != PadMode::constant || p.rank > 2) return false;
  if (p.rank == 2 && (p.begin[0] != 0 || p.x_size[0] != p.y_size[0])) return false;
  return p.y_size[p.rank - 1] * p.inner * p.bytes < 256;
}

// Rows are filled all together, then what there is of x is put in.
template <class T>
void pad_short_rows(const PadParams& p, const T* x, T* y, int64_t rows, T value) {
  const int d = p.rank - 1;
  const int64_t front = least(most(p.begin[d], 0), p.y_size[d]), first = most(-p.begin[d], 0);
  const int64_t middle = least(p.x_size[d] - first, p.y_size[d] - front);
  const int64_t x_row = p.x_size[d] * p.inner, y_row = p.y_size[d] * p.inner;
  fill(y, rows * y_row, value);
  if (middle <= 0) return;
  x += first * p.inner, y += front * p.inner;
  const size_t n = static_cast<size_t>(middle * p.inner) * sizeof(T);
  for (; rows > 0; --rows, x += x_row, y += y_row) {
    auto* to = reinterpret_cast<uint8_t*>(y);
    auto* from = reinterpret_cast<const uint8_t*>(x);
    n < 32 ? copy_short(to, from, n) : move_bytes(to, from, static_cast<int64_t>(n));
  }
}

template <class T>
void run(const RunArgs& args, const PadParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  int64_t row_size = p.y_size[p.rank - 1] * p.inner;
  int64_t end = least(args.end * p.rows_per_unit, p.rows);
  T value = {};
  if (p.has_value) value = *static_cast<const T*>(args.in[1]);
  int64_t row = args.begin * p.rows_per_unit, index[max_rank] = {};
  if (has_short_rows(p)) {
    const int64_t x_row = p.x_size[p.rank - 1] * p.inner;
    T* y = static_cast<T*>(args.out[0]) + row * row_size;
    return pad_short_rows(p, x + row * x_row, y, end - row, value);
  }
  for (int64_t d = p.rank - 2, rest = row; d >= 0; --d) {
    index[d] = rest % p.y_size[d];
    rest /= p.y_size[d];
  }
  for (; row < end; ++row) {
    T* y = static_cast<T*>(args.out[0]) + row * row_size;
    int64_t at = 0;
    bool outside = false;
    for (int d = p.rank - 2; d >= 0; --d) {
      int64_t i = source(p.mode, index[d] - p.begin[d], p.x_size[d]);
      outside |= i < 0;
      at += i * p.x_stride[d];
    }
    outside ? fill(y, row_size, value) : pad_row(p, x + at, y, value);
    for (int d = p.rank - 2; d >= 0 && ++index[d] == p.y_size[d]; --d) index[d] = 0;
  }
}

}  // namespace

void pad_any(const RunArgs& args) {
  auto& p = *static_cast<const PadParams*>(args.params);
  with_word(p.bytes, [&](auto word) { run<decltype(word)>(args, p); });
}

}  // namespace hone::kernels::HONE_ISA
