// qconv's blocks of tiles of AMX. Included after simd/tiles_<what>.h and qconv/ints_<isa>.h.
#pragma once

#include "device/kernels/qconv/tile.inl.h"
#include "device/kernels/simd/amx.inl.h"

namespace hone::kernels::HONE_ISA {

// sums: whose first ones were what the panel says.
template <int rows, int vectors>
static void finish_some(const QTile& t, const int32_t* sums) {
  I sum[rows][vectors];
  HONE_UNROLL for (int i = 0; i < rows; ++i) {
    HONE_UNROLL for (int j = 0; j < vectors; ++j) {
      sum[i][j] = load_ints(sums + (i * vectors + j) * width);
    }
  }
  finish_tile<rows, vectors>(t, sum);
}
template <int vectors>
static void finish_block(QTile t, const int32_t* sums, int rows) {
  constexpr int together = 4;
  for (int i = 0; i < rows;) {
    const int n = rows - i >= together ? together : 1;
    n == 1 ? finish_some<1, vectors>(t, sums) : finish_some<together, vectors>(t, sums);
    i += n, sums += n * vectors * width, t.y += n * t.y_row;
    if (t.row_sums) t.row_sums += n;
  }
}

static void begin_blocks() { tiles_begin(); }
static void end_blocks() { tiles_end(); }
static void block_of_tiles(const QTile& tile, const AmxBlock& block, int rows, int vectors,
                           bool x_signed) {
  alignas(64) int32_t sums[amx_rows * amx_rows];
  x_signed ? multiply_tiles<I8Products>(block, vectors, sums)
           : multiply_tiles<U8Products>(block, vectors, sums);
  constexpr int of_tile = tile_rows / width;
  vectors == 2 ? finish_block<2 * of_tile>(tile, sums, rows)
               : finish_block<of_tile>(tile, sums, rows);
}
extern const QAmx qblocks;
const QAmx qblocks = {begin_blocks, end_blocks, block_of_tiles};

}  // namespace hone::kernels::HONE_ISA
