// attention for vectors of floats. Included after simd/math_<isa>.h and simd/act.inl.h.
//
// The lanes are queries: scores lie [key][query], so that maximum and sum go lane by lane, K is
// read where it lies (a scalar for each key and element) and so is V (in vectors).
#pragma once

#include "device/kernels/attention/attention_impl.h"
#include "device/kernels/simd/transpose.inl.h"

#define HONE_UNROLL _Pragma("GCC unroll 32")

namespace hone::kernels::HONE_ISA {
namespace {

constexpr float lowest = -__builtin_inff();
constexpr int64_t lanes = attention_rows;
constexpr int64_t few = 4;  // queries
constexpr int query_vectors = static_cast<int>(lanes / width);

// y[i][j] = sum over k of a(i, k) b[k b_row + j]; j over whole vectors of y, of b up to the mask.
struct Product {
  const float* a;
  int64_t a_step;
  const float* b;
  int64_t b_row;
  float* y;
  int64_t y_row;
  int64_t k;
};

template <int rows, int vectors>
HONE_INLINE void store_sums(const Product& p, const V (&sum)[rows][vectors]) {
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) store(p.y + i * p.y_row + j * width, sum[i][j]);
  }
}

// a(i, k) = a[i a_step + k]: keys times queries.
template <int rows, int vectors>
void key_tile(const Product& p) {
  V sum[rows][vectors];
  const float* a[rows];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    a[i] = p.a + i * p.a_step;
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = zero();
  }
  const float* b = p.b;
  for (int64_t k = 0; k < p.k; ++k, b += lanes) {
    V bv[vectors];
    HONE_UNROLL for (int j = 0; j < vectors; ++j) bv[j] = load(b + j * width);
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      const Factor av = factor(a[i] + k);
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = fma(av, bv[j], sum[i][j]);
    }
  }
  store_sums(p, sum);
}

// a(i, k) = a[i + k lanes], added to y: weights times values.
template <int rows, int vectors>
void value_tile(const Product& p, Mask last) {
  V sum[rows][vectors];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = load(p.y + i * p.y_row + j * width);
  }
  const float *a = p.a, *b = p.b;
  for (int64_t k = 0; k < p.k; ++k, a += lanes, b += p.b_row) {
    V bv[vectors];
    HONE_UNROLL for (int j = 0; j < vectors - 1; ++j) bv[j] = load(b + j * width);
    bv[vectors - 1] = load(b + (vectors - 1) * width, last);
    HONE_UNROLL for (int i = 0; i < rows; ++i) {
      const Factor av = factor(a + i);
      HONE_UNROLL for (int j = 0; j < vectors; ++j) sum[i][j] = fma(av, bv[j], sum[i][j]);
    }
  }
  store_sums(p, sum);
}

#define HONE_6_ROWS(tile, v) tile<1, v>, tile<2, v>, tile<3, v>, tile<4, v>, tile<5, v>, tile<6, v>
#define HONE_14_ROWS(tile, v)                                                                      \
  HONE_6_ROWS(tile, v), tile<7, v>, tile<8, v>, tile<9, v>, tile<10, v>, tile<11, v>, tile<12, v>, \
      tile<13, v>, tile<14, v>

using KeyTile = void (*)(const Product&);
using ValueTile = void (*)(const Product&, Mask);
// As many sums as registers hold beside their operands.
#ifdef __AVX512F__
constexpr int key_rows = 14, value_rows = 6, value_vectors = 4;
constexpr KeyTile key_tiles[query_vectors][key_rows] = {{HONE_14_ROWS(key_tile, 1)},
                                                        {HONE_14_ROWS(key_tile, 2)}};
constexpr ValueTile value_tiles[value_vectors][value_rows] = {{HONE_6_ROWS(value_tile, 1)},
                                                              {HONE_6_ROWS(value_tile, 2)},
                                                              {HONE_6_ROWS(value_tile, 3)},
                                                              {HONE_6_ROWS(value_tile, 4)}};
#elif defined(__aarch64__)
constexpr int key_rows = 6, value_rows = 6, value_vectors = 4;
constexpr KeyTile key_tiles[query_vectors][key_rows] = {{HONE_6_ROWS(key_tile, 1)},
                                                        {HONE_6_ROWS(key_tile, 2)},
                                                        {HONE_6_ROWS(key_tile, 3)},
                                                        {HONE_6_ROWS(key_tile, 4)}};
constexpr ValueTile value_tiles[value_vectors][value_rows] = {{HONE_6_ROWS(value_tile, 1)},
                                                              {HONE_6_ROWS(value_tile, 2)},
                                                              {HONE_6_ROWS(value_tile, 3)},
                                                              {HONE_6_ROWS(value_tile, 4)}};
#else
constexpr int key_rows = 6, value_rows = 6, value_vectors = 2;
constexpr KeyTile key_tiles[query_vectors][key_rows] = {{HONE_6_ROWS(key_tile, 1)},
                                                        {HONE_6_ROWS(key_tile, 2)}};
constexpr ValueTile value_tiles[value_vectors][value_rows] = {{HONE_6_ROWS(value_tile, 1)},
                                                              {HONE_6_ROWS(value_tile, 2)}};
#endif

// Size of the next piece where `left` remain and a piece is `most`: as even as whole pieces allow.
int64_t next_piece(int64_t left, int64_t most) {
  const int64_t pieces = (left + most - 1) / most;
  return (left + pieces - 1) / pieces;
}

class Block {
 public:
  Block(const AttentionParams& p, const AttentionUnit& u, float* scratch)
      : p_(p), u_(u), at_(attention_scratch(lanes, p.size, p.v_size)), scratch_(scratch) {
    vectors_ = static_cast<int>((u.rows + width - 1) / width);
    v_row_ = attention_line(p.v_size);
  }

  void run() {
    begin();
    for (int64_t first = 0; first < u_.keys;) {
      const int64_t n = next_piece(u_.keys - first, attention_keys);
      if (u_.rows <= few) {
        for (int64_t i = 0; i < u_.rows; ++i) weigh_row(i, first, n);
      } else {
        score(first, n);
        if (p_.cap > 0) cap(n);
        if (p_.has_mask) mask(first, n);
        if (p_.causal && first + n > u_.diagonal + 1) cut(first, n);
        exponentials(n, first > 0);
      }
      if (first > 0) correct_sums();
      add_values(first, n);
      first += n;
    }
    finish();
  }

 private:
  float* q() const { return scratch_ + at_.q; }
  float* scores(int64_t t) const { return scratch_ + at_.scores + t * lanes; }
  float* bias() const { return scratch_ + at_.bias; }
  float* sums(int64_t i) const { return scratch_ + at_.sums + i * v_row_; }
  float* max_of_query() const { return scratch_ + at_.per_query; }
  float* sum_of_query() const { return max_of_query() + attention_line(lanes); }
  float* factor() const { return sum_of_query() + attention_line(lanes); }

  void begin() const {
    if (u_.rows > few) turn_queries();
    for (int j = 0; j < vectors_; ++j) {
      store(max_of_query() + j * width, set1(lowest));
      store(sum_of_query() + j * width, zero());
    }
    for (int64_t i = 0; i < u_.rows; ++i) {
      for (int64_t e = 0; e < v_row_; e += width) store(sums(i) + e, zero());
    }
  }

  // Queries scaled and transposed, lanes without a query 0.
  void turn_queries() const {
    transpose(u_.q, p_.q[2], q(), lanes, p_.size, u_.rows);
    const V scale = set1(p_.scale);
    const int64_t odd = u_.rows % width;
    for (int64_t d = 0; d < p_.size; ++d) {
      for (int j = 0; j < vectors_; ++j) {
        float* at = q() + d * lanes + j * width;
        const Mask valid = first_lanes(j == vectors_ - 1 && odd ? odd : width);
        store(at, mul(load(at, valid), scale));
      }
    }
  }

  void score(int64_t first, int64_t n) const {
    Product x{nullptr, u_.k_row, q(), lanes, nullptr, lanes, p_.size};
    for (int64_t t = 0, rows; t < n; t += rows) {
      rows = next_piece(n - t, key_rows);
      x.a = u_.k + (first + t) * u_.k_row;
      x.y = scores(t);
      key_tiles[vectors_ - 1][rows - 1](x);
    }
  }

  template <class F>
  void each_score(int64_t n, int vectors, F f) const {
    for (int64_t t = 0; t < n; ++t) {
      for (int j = 0; j < vectors; ++j) {
        float* at = scores(t) + j * width;
        store(at, f(load(at), t, j));
      }
    }
  }

  void cap(int64_t n) const {
    const V most = set1(p_.cap), part = set1(1 / p_.cap);
    each_score(n, vectors_, [&](V s, int64_t, int) { return mul(most, tanh(mul(s, part))); });
  }

  // Keys [first, first + n) of the mask's row i as numbers to add.
  void mask_row(int64_t i, int64_t first, int64_t n, float* to) const {
    const int64_t at = i * p_.mask[2] + first * p_.mask[3], step = p_.mask[3];
    if (p_.mask_is_bool) {
      const uint8_t* from = static_cast<const uint8_t*>(u_.mask) + at;
      for (int64_t t = 0; t < n; ++t) to[t] = from[t * step] ? 0 : lowest;
    } else {
      const float* from = static_cast<const float*>(u_.mask) + at;
      for (int64_t t = 0; t < n; ++t) to[t] = from[t * step];
    }
  }

  void mask(int64_t first, int64_t n) const {
    if (p_.mask[2] == 0 || u_.rows == 1) {
      mask_row(0, first, n, bias());
      each_score(n, vectors_, [&](V s, int64_t t, int) { return add(s, set1(bias()[t])); });
      return;
    }
    if (!p_.mask_is_bool && p_.mask[3] == 1) {
      transpose(static_cast<const float*>(u_.mask) + first, p_.mask[2], bias(), lanes, n, u_.rows);
    } else {
      float* rows = scratch_ + at_.row;
      for (int64_t i = 0; i < u_.rows; i += 8) {
        const int64_t some = u_.rows - i < 8 ? u_.rows - i : 8;
        for (int64_t k = 0; k < some; ++k) mask_row(i + k, first, n, rows + k * attention_keys);
        transpose(rows, attention_keys, bias() + i, lanes, n, some);
      }
    }
    // Lanes without a query stay what they are: nothing reads them.
    const int64_t odd = u_.rows % width;
    each_score(n, vectors_, [&](V s, int64_t t, int j) {
      const Mask valid = first_lanes(j == vectors_ - 1 && odd ? odd : width);
      return add(s, load(bias() + t * lanes + j * width, valid));
    });
  }

  // Keys after the diagonal.
  void cut(int64_t first, int64_t n) const {
    float number[lanes];
    for (int64_t i = 0; i < lanes; ++i) number[i] = static_cast<float>(i);
    int64_t t = u_.diagonal + 1 - first;  // the first key that the first row does not see
    for (t = t < 0 ? 0 : t; t < n; ++t) {
      // No key of the unit is further than its last row sees.
      const V ahead = set1(static_cast<float>(first + t - u_.diagonal));
      for (int j = 0; j < vectors_; ++j) {
        float* at = scores(t) + j * width;
        store(at, if_less(load(number + j * width), ahead, set1(lowest), load(at)));
      }
    }
  }

  void exponentials(int64_t n, bool again) const {
    for (int j = 0; j < vectors_; ++j) {
      const V before = load(max_of_query() + j * width);
      V m0 = before, m1 = before;
      int64_t t = 0;
      for (; t + 2 <= n; t += 2) {
        m0 = max(m0, load(scores(t) + j * width));
        m1 = max(m1, load(scores(t + 1) + j * width));
      }
      if (t < n) m0 = max(m0, load(scores(t) + j * width));
      const V top = max(m0, m1);
      store(max_of_query() + j * width, top);
      // Where all is masked so far, any finite number makes every weight 0.
      const V from = if_equal(top, set1(lowest), zero(), top);
      const V correct = exp(sub(before, from));
      store(factor() + j * width, correct);
      V total = again ? mul(load(sum_of_query() + j * width), correct) : zero();
      for (t = 0; t < n;) {  // few at a time, so that small ones are not lost beside the sum
        V part = zero();
        for (int k = 0; k < 32 && t < n; ++k, ++t) {
          const V w = exp(sub(load(scores(t) + j * width), from));
          store(scores(t) + j * width, w);
          part = add(part, w);
        }
        total = add(total, part);
      }
      store(sum_of_query() + j * width, total);
    }
  }

  void correct_sums() const {
    for (int64_t i = 0; i < u_.rows; ++i) {
      const V f = set1(factor()[i]);
      for (int64_t e = 0; e < v_row_; e += width) store(sums(i) + e, mul(load(sums(i) + e), f));
    }
  }

  float dot(const float* a, const float* b) const {
    V even = zero(), odd = zero();
    int64_t d = 0;
    for (; d + 2 * width <= p_.size; d += 2 * width) {
      even = fma(load(a + d), load(b + d), even);
      odd = fma(load(a + d + width), load(b + d + width), odd);
    }
    for (; d < p_.size; d += width) {
      const Mask valid = first_lanes(p_.size - d < width ? p_.size - d : width);
      even = fma(load(a + d, valid), load(b + d, valid), even);
    }
    return sum_lanes(add(even, odd));
  }

  // All of a block for one query: scores in a row of their own, weights where the others have them.
  void weigh_row(int64_t i, int64_t first, int64_t n) const {
    float* s = scratch_ + at_.row;
    const float* q = u_.q + i * p_.q[2];
    for (int64_t t = 0; t < n; ++t) s[t] = p_.scale * dot(q, u_.k + (first + t) * u_.k_row);
    const int64_t whole = (n + width - 1) / width * width;
    for (int64_t t = n; t < whole; ++t) s[t] = 0;
    if (p_.cap > 0) {
      const V most = set1(p_.cap), part = set1(1 / p_.cap);
      for (int64_t t = 0; t < n; t += width) store(s + t, mul(most, tanh(mul(load(s + t), part))));
    }
    if (p_.has_mask) {
      mask_row(i, first, n, bias());
      for (int64_t t = 0; t < n; ++t) s[t] += bias()[t];
    }
    int64_t seen = p_.causal ? u_.diagonal + i + 1 - first : n;
    seen = seen < 0 ? 0 : seen > n ? n : seen;
    for (int64_t t = seen; t < whole; ++t) s[t] = lowest;
    const V before = set1(max_of_query()[i]);
    V top = before;
    for (int64_t t = 0; t < whole; t += width) top = max(top, load(s + t));
    float lanes_of[width];
    store(lanes_of, top);
    for (float v : lanes_of) top = max(set1(v), top);
    const V from = if_equal(top, set1(lowest), zero(), top), correct = exp(sub(before, from));
    V total = zero();
    for (int64_t t = 0; t < whole; t += width) {
      const V w = exp(sub(load(s + t), from));
      store(s + t, w);
      total = add(total, w);
    }
    for (int64_t t = 0; t < n; ++t) scores(t)[i] = s[t];
    store(lanes_of, top);
    max_of_query()[i] = lanes_of[0];
    store(lanes_of, correct);
    factor()[i] = lanes_of[0];
    sum_of_query()[i] = sum_of_query()[i] * lanes_of[0] + sum_lanes(total);
  }

  void add_values(int64_t first, int64_t n) const {
    Product x{nullptr, 0, nullptr, u_.v_row, nullptr, v_row_, n};
    const int64_t all = (p_.v_size + width - 1) / width;
    for (int64_t e = 0, some; e < all; e += some) {
      some = next_piece(all - e, value_vectors);
      const int64_t left = p_.v_size - (e + some - 1) * width;
      const Mask last = first_lanes(left < width ? left : width);
      x.b = u_.v + first * u_.v_row + e * width;
      for (int64_t i = 0, rows; i < u_.rows; i += rows) {
        rows = next_piece(u_.rows - i, value_rows);
        x.a = scores(0) + i;
        x.y = sums(i) + e * width;
        value_tiles[some - 1][rows - 1](x, last);
      }
    }
  }

  void finish() const {
    for (int64_t i = 0; i < u_.rows; ++i) {
      const float total = sum_of_query()[i];
      const V f = set1(total == 0 ? 0 : 1 / total);
      for (int64_t e = 0; e < p_.v_size; e += width) {
        const Mask valid = first_lanes(p_.v_size - e < width ? p_.v_size - e : width);
        store(u_.y + i * p_.y[2] + e, mul(load(sums(i) + e), f), valid);
      }
    }
  }

  const AttentionParams& p_;
  const AttentionUnit& u_;
  const AttentionScratch at_;
  float* scratch_;
  int vectors_;
  int64_t v_row_;
};

// Rows [begin, end) of one group of k or v.
void gather_rows(const float* x, int64_t x_row, float* y, int64_t y_row, int64_t begin, int64_t end,
                 int64_t size) {
  for (int64_t t = begin; t < end; ++t) {
    for (int64_t e = 0; e < size; e += width) {
      const Mask valid = first_lanes(size - e < width ? size - e : width);
      store(y + t * y_row + e, load(x + t * x_row + e, valid));
    }
  }
}

void gather_unit(const AttentionParams& p, const RunArgs& args, int64_t unit) {
  const int64_t begin = unit % p.key_blocks * attention_keys, group = unit / p.key_blocks;
  const int64_t end = p.keys - begin < attention_keys ? p.keys : begin + attention_keys;
  const int64_t b = group / p.groups, g = group % p.groups;
  const int64_t k_row = attention_line(p.size), v_row = attention_line(p.v_size);
  float* k = static_cast<float*>(args.workspace);
  float* v = k + p.batch * p.groups * p.keys * k_row;
  gather_rows(static_cast<const float*>(args.in[1]) + b * p.k[0] + g * p.k[1], p.k[2],
              k + group * p.keys * k_row, k_row, begin, end, p.size);
  gather_rows(static_cast<const float*>(args.in[2]) + b * p.v[0] + g * p.v[1], p.v[2],
              v + group * p.keys * v_row, v_row, begin, end, p.v_size);
}

}  // namespace

void attention_f32(const RunArgs& args) {
  auto& p = *static_cast<const AttentionParams*>(args.params);
  if (args.phase == 0) {
    for (int64_t unit = args.begin; unit < args.end; ++unit) gather_unit(p, args, unit);
    return;
  }
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const AttentionUnit u = attention_unit(p, args, attention_rows, unit);
    Block(p, u, static_cast<float*>(args.scratch)).run();
  }
}

}  // namespace hone::kernels::HONE_ISA
