// The tile of qconv/tile.h over the vectors of one ISA. Included after qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/requantise.inl.h"
#include "device/kernels/qconv/tile.h"

namespace hone::kernels::HONE_ISA {

// Elements of x as the tiles multiply them.
void qconvert(const QConvParams& p, const void* x, int64_t elements, void* to) {
  const uint8_t* from = static_cast<const uint8_t*>(x);
  if (elements_of_word == 4) {
    flip_bytes(from, elements, p.x_type == DType::i8 ? 0x80 : 0, static_cast<uint8_t*>(to));
  } else if (p.x_type == DType::u8) {
    widen_bytes(from, elements, p.x_zero, static_cast<int16_t*>(to));
  } else {
    widen_bytes(static_cast<const int8_t*>(x), elements, p.x_zero, static_cast<int16_t*>(to));
  }
}

// columns: scale (f32) and bias (f32) of all the tile's columns.
template <int rows, int vectors>
HONE_INLINE void store_scaled(const QTile& t, const int32_t* columns,
                              const I (&sum)[rows][vectors]) {
  const float* scale = reinterpret_cast<const float*>(columns);
  const float* bias = scale + vectors * width;
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    const int64_t left = t.columns - j * width;
    if (left <= 0) return;
    const F factor = mul_floats(load_floats(scale + j * width), set_float(t.finish.factor));
    const F more = load_floats(bias + j * width);
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      F v = mul_floats(to_floats(sum[i][j]), factor);
      if (!t.finish.dynamic) v = add_floats(v, more);
      float part[width];
      uint8_t* y = t.y + i * t.y_row + j * width * 4;
      store_floats(left < width ? static_cast<void*>(part) : y, v);
      if (left < width) memcpy(y, part, static_cast<size_t>(left) * sizeof(float));
    }
  }
}

// Takes off the sums what zero points that are known only now, or left of the weights, still want.
template <int rows, int vectors>
HONE_INLINE void take_zero_points(const QTile& t, const int32_t* head, I (&sum)[rows][vectors]) {
  constexpr int columns = vectors * width;
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    if (t.finish.x_zero != 0) {
      const I weights = load_ints(head + 2 * columns + j * width);
      const I less = mul_ints(weights, set_int(t.finish.x_zero));
      HONE_UNROLL for (int i = 0; i < rows; ++i) sum[i][j] = sub_ints(sum[i][j], less);
    }
    if (t.row_sums != nullptr) {
      const I zero = load_ints(head + 3 * columns + j * width);
      HONE_UNROLL for (int i = 0; i < rows; ++i) {
        sum[i][j] = sub_ints(sum[i][j], mul_ints(zero, set_int(t.row_sums[i])));
      }
    }
  }
}

template <int rows, int vectors>
HONE_INLINE void finish_tile(const QTile& t, I (&sum)[rows][vectors]) {
  const int32_t* head = reinterpret_cast<const int32_t*>(t.panel);
  const int32_t* scales = head + vectors * width;
  take_zero_points<rows, vectors>(t, head, sum);
  if (t.finish.floats) return store_scaled<rows, vectors>(t, scales, sum);
  store_tile<rows, vectors>(t.finish, scales, sum, t.y, t.y_row, t.columns);
}

template <int vectors>
HONE_INLINE void load_word(const int8_t* b, decltype(load_weights(b)) (&w)[vectors]) {
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    w[j] = load_weights(b + j * elements_of_word * width);
  }
}

// The products of word `at` of each row's x.
template <int at, class X, int rows, int vectors>
HONE_INLINE void add_word(const X (&x)[rows], const int8_t* b, I (&sum)[rows][vectors]) {
  decltype(load_weights(b)) w[vectors];
  load_word(b, w);
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = dot_word<at>(sum[i][j], x[i], w[j]);
  }
}

// The products of `count` words of x. One word of it is loaded where it is multiplied: with all
// rows' at a time there would be no registers left for the sums.
template <int count, int rows, int vectors>
HONE_INLINE void add_x(const uint8_t* const (&a)[rows], int64_t k, const int8_t* b,
                       I (&sum)[rows][vectors]) {
  if constexpr (count == 1) {
    decltype(load_weights(b)) w[vectors];
    load_word(b, w);
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      const auto x = load_factor<1>(a[i] + 4 * k);
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = dot_word<0>(sum[i][j], x, w[j]);
    }
  } else {
    static_assert(count == 4);
    constexpr int step = elements_of_word * vectors * width;
    decltype(load_factor<count>(a[0])) x[rows];
    HONE_UNROLL for (int i = 0; i < rows; ++i) x[i] = load_factor<count>(a[i] + 4 * k);
    add_word<0>(x, b, sum);
    add_word<1>(x, b + step, sum);
    add_word<2>(x, b + 2 * step, sum);
    add_word<3>(x, b + 3 * step, sum);
  }
}

template <int rows, int vectors>
static void qtile(const QTile& t) {
  constexpr int columns = vectors * width;
  const int32_t* first = reinterpret_cast<const int32_t*>(t.panel);
  const int8_t* b = reinterpret_cast<const int8_t*>(first + 4 * columns);
  const QSource& s = *t.source;
  const int64_t words = words_of(s);
  I sum[rows][vectors];
  HONE_UNROLL for (int j = 0; j < vectors; ++j) {
    const I v = load_ints(first + j * width);
    HONE_UNROLL for (int i = 0; i < rows; ++i) sum[i][j] = v;
  }
  // What the tile writes is fetched while it sums.
  HONE_UNROLL for (int i = 0; i < rows; ++i) __builtin_prefetch(t.y + i * t.y_row, 1);
  for (int64_t ky = 0; ky < s.taps_y; ++ky) {
    for (int64_t kx = 0; kx < s.taps_x; ++kx) {
      const int64_t at = ky * s.step_y + kx * s.step_x;
      const uint8_t* a[rows];
      HONE_UNROLL for (int i = 0; i < rows; ++i) a[i] = t.a[i] + at;
      int64_t k = 0;
      if constexpr (words_at_once > 1) {
        constexpr int all = words_at_once;
        for (; k + all <= words; k += all, b += all * elements_of_word * columns) {
          add_x<all>(a, k, b, sum);
        }
      }
      for (; k < words; ++k, b += elements_of_word * columns) add_x<1>(a, k, b, sum);
    }
  }
  finish_tile<rows, vectors>(t, sum);
}

}  // namespace hone::kernels::HONE_ISA
