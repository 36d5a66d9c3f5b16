// hconv over packed weights: in tiles, and depthwise by blocks of channels.
#pragma once

#include "device/kernels/hconv/tile.h"

namespace hone::kernels {

const char* bind_hconv_tiled(const HTiling& t, const Step& step, void* params, Work* work);
int64_t hconv_tiled_bytes(const HTiling& t, const Step& step, int index);
void pack_hconv_tiled(const HTiling& t, const Step& step, const void* const* raw, void* dst);
// Portable code that calls the tiling's functions.
void run_hconv_tiled(const HTiling& t, const RunArgs& args);

// conv/depthwise.inl.h's packing, of weights widened to f32: they stay in registers, and are few.
const char* bind_hconv_dw(int width, const Step& step, void* params, Work* work);
int64_t hconv_dw_bytes(int width, const Step& step, int index);
void pack_hconv_dw(int width, const Step& step, const void* const* raw, void* dst);

// Packed bytes of a column and of a group, of sizes that were checked.
static inline int64_t hcolumn_bytes(const ConvParams& c) { return 4 + 2 * depth_of(c); }
static inline int64_t hgroup_bytes(const HTiling& t, const ConvParams& c) {
  return (c.og + t.panel.width - 1) / t.panel.width * t.panel.width * hcolumn_bytes(c);
}

}  // namespace hone::kernels
