// qconv over packed weights, in tiles.
#pragma once

#include "device/kernels/qconv/tile.h"

namespace hone::kernels {

// Phase 0 copies x into the workspace where find_source() says so; the last phase multiplies.
const char* bind_qconv_tiled(const QTiling& t, const Step& step, void* params, Work* work);
int64_t qconv_tiled_bytes(const QTiling& t, const Step& step, int index);
void pack_qconv_tiled(const QTiling& t, const Step& step, const void* const* raw, void* dst);
// Portable code that calls the tiling's functions.
void run_qconv_tiled(const QTiling& t, const RunArgs& args);

// p->source as the tiling reads x: find_source() or AMX's.
bool set_source(const QTiling& t, QConvParams* p, int64_t* workspace);
// x's zero point among the bytes that are multiplied.
int64_t x_zero_as_read(const QTiling& t, const QConvParams& p);

// Packed bytes of a column and of a group, of sizes that were checked.
static inline int64_t qcolumn_bytes(const QTiling& t, const QConvParams& p) {
  return panel_head + runs_of(p.source) * words_of(p.source) * t.weights_of_word();
}
static inline int64_t qgroup_bytes(const QTiling& t, const QConvParams& p) {
  return (p.conv.og + t.panel.width - 1) / t.panel.width * t.panel.width * qcolumn_bytes(t, p);
}

}  // namespace hone::kernels
