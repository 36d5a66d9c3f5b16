// conv as a product of pixels (through pointers) and packed panels of output channels.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

const char* bind_conv_tiled(const Tiling& t, const Step& step, void* params, Work* work);
int64_t conv_tiled_bytes(const Tiling& t, const Step& step, int index);
void pack_conv_tiled(const Tiling& t, const Step& step, const void* const* raw, int index,
                     void* dst);
// Portable code that calls the tiling's functions.
void run_conv_tiled(const Tiling& t, const RunArgs& args);

}  // namespace hone::kernels
