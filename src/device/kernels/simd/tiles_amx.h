// The tile registers of AMX: eight of 16 rows of 64 bytes. What simd/amx.inl.h is written in;
// simd/tiles_emulated.h is the same in plain C++.
#pragma once

#include <cstdint>

#define HONE_INLINE static inline __attribute__((always_inline))

namespace hone::kernels::HONE_ISA {

// Makes all eight usable on this thread, and zero. A thread that leaves them so keeps 8 KiB more
// to save at every switch: tiles_end() when done.
HONE_INLINE void tiles_begin() {
  struct alignas(64) Shape {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
  static_assert(sizeof(Shape) == 64);
  const Shape all;
  asm volatile("ldtilecfg %0" ::"m"(all));
}
HONE_INLINE void tiles_end() { asm volatile("tilerelease"); }

// GCC's intrinsics take the numbers of tiles as literals, not as constants of a template.
// Row i is the 64 bytes at p + i * stride.
template <int tile>
HONE_INLINE void tile_load(const void* p, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(p), "r"(stride), "i"(tile) : "memory");
}
template <int tile>
HONE_INLINE void tile_store(void* p, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(p), "r"(stride), "i"(tile) : "memory");
}

// c[i][j] += the products of row i of a, of 4-byte words of 2 bf16 or 4 bytes, by column j of b,
// whose row k holds word k of each column.
struct Bf16Products {
  template <int c, int a, int b>
  static void add() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};
struct U8Products {  // a unsigned, b signed
  template <int c, int a, int b>
  static void add() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};
struct I8Products {  // both signed
  template <int c, int a, int b>
  static void add() {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};

}  // namespace hone::kernels::HONE_ISA
