// What tiles_amx.h wraps, in plain C++: packing and tiling are tested on any machine.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/tensor/half.h"

#ifndef HONE_INLINE
#define HONE_INLINE static inline __attribute__((always_inline))
#endif

namespace hone::kernels::HONE_ISA {

struct EmulatedTiles {
  bool usable = false;
  uint8_t tile[8][16][64];
};
inline thread_local EmulatedTiles tiles;

HONE_INLINE void tiles_begin() {
  tiles.usable = true;
  memset(tiles.tile, 0, sizeof tiles.tile);
}
HONE_INLINE void tiles_end() { tiles.usable = false; }
// An instruction without a configuration would trap.
HONE_INLINE void need_tiles() {
  if (!tiles.usable) __builtin_trap();
}

template <int t>
HONE_INLINE void tile_load(const void* p, int64_t stride) {
  need_tiles();
  for (int i = 0; i < 16; ++i) {
    memcpy(tiles.tile[t][i], static_cast<const uint8_t*>(p) + i * stride, 64);
  }
}
template <int t>
HONE_INLINE void tile_store(void* p, int64_t stride) {
  need_tiles();
  for (int i = 0; i < 16; ++i) {
    memcpy(static_cast<uint8_t*>(p) + i * stride, tiles.tile[t][i], 64);
  }
}

template <class T>
T element_of(int t, int row, int i) {
  T v;
  memcpy(&v, tiles.tile[t][row] + i * static_cast<int>(sizeof(T)), sizeof v);
  return v;
}
// c[i][j] = add(c[i][j], i, j) for all of c.
template <class T, int c, class Add>
void update(Add add) {
  need_tiles();
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      const T v = add(element_of<T>(c, i, j), i, j);
      memcpy(tiles.tile[c][i] + 4 * j, &v, sizeof v);
    }
  }
}

// Subnormal operands count as 0; even and odd products have sums of their own, as in Intel's text.
HONE_INLINE float normal(float v) { return __builtin_isnormal(v) || v != v || v - v != 0 ? v : 0; }
struct Bf16Products {
  template <int c, int a, int b>
  static void add() {
    auto half = [](int t, int row, int k) {
      return normal(bf16_to_f32(element_of<uint16_t>(t, row, k)));
    };
    update<float, c>([&](float sum, int i, int j) {
      float part[2] = {0, 0};
      for (int k = 0; k < 32; ++k) part[k % 2] += half(a, i, k) * half(b, k / 2, 2 * j + k % 2);
      return sum + (part[0] + part[1]);
    });
  }
};
// Sums wrap.
template <class A>
struct IntProducts {
  template <int c, int a, int b>
  static void add() {
    update<int32_t, c>([&](int32_t sum, int i, int j) {
      uint32_t s = static_cast<uint32_t>(sum);
      for (int k = 0; k < 64; ++k) {
        s += static_cast<uint32_t>(element_of<A>(a, i, k) *
                                   element_of<int8_t>(b, k / 4, 4 * j + k % 4));
      }
      return static_cast<int32_t>(s);
    });
  }
};
using U8Products = IntProducts<uint8_t>;
using I8Products = IntProducts<int8_t>;

}  // namespace hone::kernels::HONE_ISA
