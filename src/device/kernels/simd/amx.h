// What simd/amx.inl.h multiplies.
#pragma once

#include <cstdint>

namespace hone::kernels {

// A tile register: 16 rows of 64 bytes, which are 16 words of 2 bf16 or 4 bytes.
constexpr int tile_rows = 16;
constexpr int tile_row_bytes = 64;
constexpr int tile_bytes = tile_rows * tile_row_bytes;
constexpr int amx_rows = 2 * tile_rows;  // of a block of sums; it has as many columns, or half

// A tile in memory: `stride` bytes from one row to the next.
struct TileRows {
  const void* at;
  int64_t stride;
};

struct AmxBlock {
  const TileRows* a[2];  // rows 0 to 15 and 16 to 31, a tile for every step; nullptr: none
  int64_t steps;
  const uint8_t* first;  // what sums begin with: a word for each column
  const uint8_t* b;      // for each word of a the columns' words, side by side
};

// Steps that `bytes` of a row make.
static inline int64_t tile_steps(int64_t bytes) {
  return (bytes + tile_row_bytes - 1) / tile_row_bytes;
}

}  // namespace hone::kernels
