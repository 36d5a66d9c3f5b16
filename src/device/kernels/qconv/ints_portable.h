// What ints_avx512.h wraps, of 8 sums in plain C++: the same tiles, packed alike, on any machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#define HONE_INLINE static inline __attribute__((always_inline))
#define HONE_UNROLL  // nothing: its vectors are no registers

namespace hone::kernels::HONE_ISA {

constexpr int width = 8;
constexpr int elements_of_word = 4;

struct I {
  int32_t v[width];
};
struct F {
  float v[width];
};
struct Bytes {
  uint8_t v[4 * width];
};

template <class V, class At>
HONE_INLINE V lanes(At at) {
  V r;
  for (int i = 0; i < width; ++i) r.v[i] = at(i);
  return r;
}
// Sums wrap, as instructions do.
HONE_INLINE int32_t wrapped(int64_t v) { return static_cast<int32_t>(static_cast<uint64_t>(v)); }

HONE_INLINE I load_ints(const int32_t* p) {
  return lanes<I>([&](int i) { return p[i]; });
}
HONE_INLINE void store_ints(int32_t* p, I v) {
  for (int i = 0; i < width; ++i) p[i] = v.v[i];
}
HONE_INLINE I set_int(int32_t v) {
  return lanes<I>([&](int) { return v; });
}
// Every lane the four bytes at p.
HONE_INLINE I set_word(const uint8_t* p) {
  int32_t word;
  memcpy(&word, p, 4);
  return set_int(word);
}
HONE_INLINE I sub_ints(const I& a, const I& b) {
  return lanes<I>([&](int i) { return wrapped(int64_t{a.v[i]} - b.v[i]); });
}
HONE_INLINE I mul_ints(const I& a, const I& b) {
  return lanes<I>([&](int i) { return wrapped(int64_t{a.v[i]} * b.v[i]); });
}
// A word's weights of each column.
HONE_INLINE I load_weights(const int8_t* p) {
  I w;
  memcpy(w.v, p, sizeof w.v);
  return w;
}
// sum + the four products of bytes, x's unsigned and w's signed: exact.
HONE_INLINE I dot(const I& sum, const I& x, const I& w) {
  uint8_t a[4 * width];
  int8_t b[4 * width];
  memcpy(a, x.v, sizeof a), memcpy(b, w.v, sizeof b);
  return lanes<I>([&](int i) {
    int64_t s = sum.v[i];
    for (int k = 4 * i; k < 4 * i + 4; ++k) s += int32_t{a[k]} * b[k];
    return wrapped(s);
  });
}

// Words of x at a time, and the products of one of them.
constexpr int words_at_once = 1;
template <int count>
HONE_INLINE I load_factor(const uint8_t* p) {
  return set_word(p);
}
template <int at>
HONE_INLINE I dot_word(const I& sum, const I& x, const I& w) {
  return dot(sum, x, w);
}
HONE_INLINE I dot_bytes(const I& sum, const I& x, const I& w) { return dot(sum, x, w); }
HONE_INLINE I load_words(const int8_t* p) { return load_weights(p); }

HONE_INLINE F to_floats(const I& v) {
  return lanes<F>([&](int i) { return static_cast<float>(v.v[i]); });
}
HONE_INLINE F to_floats_with(const I& v, const I& more) {
  return lanes<F>([&](int i) { return static_cast<float>(int64_t{v.v[i]} + more.v[i]); });
}
HONE_INLINE F load_floats(const float* p) {
  return lanes<F>([&](int i) { return p[i]; });
}
HONE_INLINE F set_float(float v) {
  return lanes<F>([&](int) { return v; });
}
HONE_INLINE F mul_floats(const F& a, const F& b) {
  return lanes<F>([&](int i) { return a.v[i] * b.v[i]; });
}
HONE_INLINE F add_floats(const F& a, const F& b) {
  return lanes<F>([&](int i) { return a.v[i] + b.v[i]; });
}
HONE_INLINE void store_floats(void* p, const F& v) { memcpy(p, v.v, sizeof v.v); }
// v scale as integers, ties to even; NaN and what is too small becomes -2^30, at most 2^30.
HONE_INLINE I rounded(const F& v, const float* scale) {
  return lanes<I>([&](int i) {
    const float limit = 1 << 30, s = v.v[i] * scale[i];
    return static_cast<int32_t>(std::nearbyint(s > -limit ? (s < limit ? s : limit) : -limit));
  });
}
// Where byte j of a vector lies among four vectors of words: of every sixteen the first four in
// the first one, the next four in the second ...
HONE_INLINE int vector_of(int j) { return j / 4 % 4; }
HONE_INLINE int lane_of(int j) { return j / 16 * 4 + j % 4; }

HONE_INLINE Bytes load_first(const uint8_t* p, int64_t n) {
  Bytes r{};
  memcpy(r.v, p, static_cast<size_t>(n));
  return r;
}
HONE_INLINE Bytes load_all(const uint8_t* p) { return load_first(p, 4 * width); }
HONE_INLINE Bytes flipped(Bytes v, int32_t bits) {
  for (uint8_t& b : v.v) b = static_cast<uint8_t>(b ^ bits);
  return v;
}
// Words of a byte of each row.
HONE_INLINE void interleave(const Bytes (&rows)[4], I (&words)[4]) {
  for (int j = 0; j < 4 * width; ++j) {
    const uint8_t word[4] = {rows[0].v[j], rows[1].v[j], rows[2].v[j], rows[3].v[j]};
    memcpy(&words[vector_of(j)].v[lane_of(j)], word, 4);
  }
}
// saturate(v + zero), its bits turned by `flip`, of four vectors, interleaved alike.
HONE_INLINE Bytes narrow(const I& a, const I& b, const I& c, const I& d, int32_t zero,
                         int32_t flip) {
  Bytes r;
  const I* from[] = {&a, &b, &c, &d};
  for (int j = 0; j < 4 * width; ++j) {
    int32_t v = from[vector_of(j)]->v[lane_of(j)] + zero;
    v = v < -128 ? -128 : v > 127 ? 127 : v;
    r.v[j] = static_cast<uint8_t>(v ^ flip);
  }
  return r;
}
// The first vector's bytes before the second's.
HONE_INLINE Bytes in_order(const Bytes& v) {
  Bytes r;
  for (int j = 0; j < 4 * width; ++j) r.v[vector_of(j) * width + lane_of(j)] = v.v[j];
  return r;
}
HONE_INLINE void store_all(uint8_t* p, const Bytes& v) { memcpy(p, v.v, sizeof v.v); }
// Piece number `i` of `bytes` bytes.
template <int bytes>
HONE_INLINE void store_part(uint8_t* p, const Bytes& v, int i) {
  memcpy(p, v.v + i * bytes, bytes);
}

// Elements of x as tiles read them.
HONE_INLINE void flip_bytes(const uint8_t* x, int64_t n, int flip, uint8_t* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint8_t>(x[i] ^ flip);
}
template <class X>
HONE_INLINE void widen_bytes(const X* x, int64_t n, int32_t zero, int16_t* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<int16_t>(x[i] - zero);
}

}  // namespace hone::kernels::HONE_ISA
