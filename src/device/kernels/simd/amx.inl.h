// The inner product tile of AMX that hconv and qconv share: up to 2 x 2 tiles of sums, of 16 rows
// by 16 columns each, over steps of 64 bytes of a row. Included after simd/tiles_<what>.h.
#pragma once

#include "device/kernels/simd/amx.h"

namespace hone::kernels::HONE_ISA {

template <class Products, bool two, int vectors>
static void multiply_tiles(const AmxBlock& t, void* sums) {
  constexpr int64_t row = vectors * tile_row_bytes;  // of b, and of the panel's first sums
  uint8_t* out = static_cast<uint8_t*>(sums);
  // Stride 0: sixteen rows of the first sums.
  tile_load<0>(t.first, 0);
  if constexpr (vectors == 2) tile_load<1>(t.first + tile_row_bytes, 0);
  if constexpr (two) {
    tile_load<2>(t.first, 0);
    if constexpr (vectors == 2) tile_load<3>(t.first + tile_row_bytes, 0);
  }
  const uint8_t* b = t.b;
  for (int64_t s = 0; s < t.steps; ++s, b += tile_rows * row) {
    tile_load<4>(t.a[0][s].at, t.a[0][s].stride);
    tile_load<6>(b, row);
    Products::template add<0, 4, 6>();
    if constexpr (vectors == 2) {
      tile_load<7>(b + tile_row_bytes, row);
      Products::template add<1, 4, 7>();
    }
    if constexpr (two) {
      tile_load<5>(t.a[1][s].at, t.a[1][s].stride);
      Products::template add<2, 5, 6>();
      if constexpr (vectors == 2) Products::template add<3, 5, 7>();
    }
  }
  tile_store<0>(out, row);
  if constexpr (vectors == 2) tile_store<1>(out + tile_row_bytes, row);
  if constexpr (two) {
    out += tile_rows * row;
    tile_store<2>(out, row);
    if constexpr (vectors == 2) tile_store<3>(out + tile_row_bytes, row);
  }
}

// sums: [32][16 vectors] of 32 bits; of rows beyond the windows of a nothing is to be used.
template <class Products>
static void multiply_tiles(const AmxBlock& t, int64_t vectors, void* sums) {
  if (t.a[1] != nullptr) {
    return vectors == 2 ? multiply_tiles<Products, true, 2>(t, sums)
                        : multiply_tiles<Products, true, 1>(t, sums);
  }
  return vectors == 2 ? multiply_tiles<Products, false, 2>(t, sums)
                      : multiply_tiles<Products, false, 1>(t, sums);
}

}  // namespace hone::kernels::HONE_ISA
