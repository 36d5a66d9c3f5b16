#include "device/kernels/qconv/testing/emulated_tiles.h"

#include "device/kernels/qconv/tiled.h"

#define HONE_ISA emulated
#include "device/kernels/qconv/ints_portable.h"
#include "device/kernels/simd/tiles_emulated.h"

#include "device/kernels/qconv/amx.inl.h"

namespace hone::kernels::testing {
namespace {

constexpr QTiling tiling = {amx_rows, {32, 16}, QElement::byte,
                            nullptr,  nullptr,  &emulated::qblocks};

const char* bind(const Step& step, void* params, Work* work) {
  return bind_qconv_tiled(tiling, step, params, work);
}
int64_t bytes(const Step& step, int index) { return qconv_tiled_bytes(tiling, step, index); }
void pack(const Step& step, const void* const* raw, int, void* dst) {
  pack_qconv_tiled(tiling, step, raw, dst);
}
void run(const RunArgs& args) { run_qconv_tiled(tiling, args); }

}  // namespace

const Kernel qconv_8bit_32x32_emulated = {
    "qconv_8bit_32x32_emulated", "qconv", Isa::portable, 2, bind, run, bytes, pack};

}  // namespace hone::kernels::testing
