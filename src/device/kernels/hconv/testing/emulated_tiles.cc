#include "device/kernels/hconv/testing/emulated_tiles.h"

#include "device/kernels/hconv/tiled.h"

#define HONE_ISA emulated
#include "device/kernels/hconv/finish_portable.h"
#include "device/kernels/simd/tiles_emulated.h"

#include "device/kernels/hconv/amx.inl.h"

namespace hone::kernels::testing {
namespace {

constexpr HTiling tiling = {amx_rows, {32, 16}, 2, {}, {}, &emulated::hblocks};

const char* bind(const Step& step, void* params, Work* work) {
  return bind_hconv_tiled(tiling, step, params, work);
}
int64_t bytes(const Step& step, int index) { return hconv_tiled_bytes(tiling, step, index); }
void pack(const Step& step, const void* const* raw, int, void* dst) {
  pack_hconv_tiled(tiling, step, raw, dst);
}
void run(const RunArgs& args) { run_hconv_tiled(tiling, args); }

}  // namespace

const Kernel hconv_bf16_32x32_emulated = {
    "hconv_bf16_32x32_emulated", "hconv", Isa::portable, 1, bind, run, bytes, pack};

}  // namespace hone::kernels::testing
