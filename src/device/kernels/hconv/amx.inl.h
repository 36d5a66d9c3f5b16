// hconv's blocks of tiles of AMX. Included after simd/tiles_<what>.h and what finishes sums.
#pragma once

#include "device/kernels/hconv/tile.h"
#include "device/kernels/simd/amx.inl.h"

namespace hone::kernels::HONE_ISA {

static void begin_blocks() { tiles_begin(); }
static void end_blocks() { tiles_end(); }
static void block_of_tiles(const HTile& tile, const AmxBlock& block, int rows, int vectors) {
  alignas(64) float sums[amx_rows * amx_rows];
  multiply_tiles<Bf16Products>(block, vectors, sums);
  finish_sums(tile, sums, rows, vectors * tile_rows);
}
extern const HAmx hblocks;
const HAmx hblocks = {begin_blocks, end_blocks, block_of_tiles};

}  // namespace hone::kernels::HONE_ISA
