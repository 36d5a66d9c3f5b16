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

// One filter's weights, rounded up to what a tiling multiplies at once.
static inline int64_t depth_of(const HTiling& t, const ConvParams& c) {
  const int64_t whole = t.amx ? tile_row_bytes / 2 : 2;
  return (c.taps * c.cg + whole - 1) / whole * whole;
}
// Packed bytes of a column and of a group, of sizes that were checked.
static inline int64_t hcolumn_bytes(const HTiling& t, const ConvParams& c) {
  return 4 + 2 * depth_of(t, c);
}
static inline int64_t hgroup_bytes(const HTiling& t, const ConvParams& c) {
  return (c.og + t.panel.width - 1) / t.panel.width * t.panel.width * hcolumn_bytes(t, c);
}

}  // namespace hone::kernels
