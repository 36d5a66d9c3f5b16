// qconv over packed weights: in tiles, and depthwise.
#pragma once

#include "device/kernels/qconv/tile.h"

namespace hone::kernels {

// Phase 0 widens x into the workspace, less its zero point, two channels side by side; phase 1
// multiplies.
const char* bind_qconv_tiled(const QTiling& t, const Step& step, void* params, Work* work);
int64_t qconv_tiled_bytes(const QTiling& t, const Step& step, int index);
void pack_qconv_tiled(const QTiling& t, const Step& step, const void* const* raw, void* dst);
// Portable code that calls the tiling's functions.
void run_qconv_tiled(const QTiling& t, const RunArgs& args);

// Packed by blocks of `width` channels: bias (i32), scale (f32), then for each tap the weights less
// their zero points as words.
const char* bind_qconv_dw(int width, const Step& step, void* params, Work* work);
int64_t qconv_dw_bytes(int width, const Step& step, int index);
void pack_qconv_dw(int width, const Step& step, const void* const* raw, void* dst);

}  // namespace hone::kernels
