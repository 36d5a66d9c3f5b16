// gemm in tiles of rows times panels of columns: of a constant b packed at build time, and of any b
// packed in the workspace.
#pragma once

#include "device/kernels/gemm/params.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

const char* bind_gemm_tiled(const Tiling& t, const Step& step, void* params, Work* work);
int64_t gemm_tiled_bytes(const Tiling& t, const Step& step, int index);
void pack_gemm_tiled(const Tiling& t, const Step& step, const void* const* raw, void* dst);
// Portable code that calls the tiling's functions.
void run_gemm_tiled(const Tiling& t, const RunArgs& args);

// Phase 0 packs b (and a, where it is transposed) into the workspace; phase 1 multiplies.
const char* bind_gemm_dynamic(const Tiling& t, const Step& step, void* params, Work* work);
void run_gemm_dynamic(const Tiling& t, const RunArgs& args);

}  // namespace hone::kernels
