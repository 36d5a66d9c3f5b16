#define HONE_ISA neon_i8mm
#include "device/kernels/qconv/ints_neon.h"

#include "device/kernels/qconv/dw.inl.h"
#include "device/kernels/qconv/tile.inl.h"
#include "device/kernels/qconv/tile_pairs.inl.h"

namespace hone::kernels::neon_i8mm {

const QTileFunction qtiles_8x8[16] = {
    qtile<1, 1>, qtile<2, 1>, qtile<3, 1>, qtile<4, 1>, qtile<5, 1>, qtile<6, 1>,
    qtile<7, 1>, qtile<8, 1>, qtile<1, 2>, qtile<2, 2>, qtile<3, 2>, qtile<4, 2>,
    qtile<5, 2>, qtile<6, 2>, qtile<7, 2>, qtile<8, 2>,
};

const QTileFunction qtiles_8x8x8[16] = {
    qtile_pairs<1, 1>, qtile_pairs<2, 1>, qtile_pairs<3, 1>, qtile_pairs<4, 1>,
    qtile_pairs<5, 1>, qtile_pairs<6, 1>, qtile_pairs<7, 1>, qtile_pairs<8, 1>,
    qtile_pairs<1, 2>, qtile_pairs<2, 2>, qtile_pairs<3, 2>, qtile_pairs<4, 2>,
    qtile_pairs<5, 2>, qtile_pairs<6, 2>, qtile_pairs<7, 2>, qtile_pairs<8, 2>,
};

void qconv_dw_c16_run(const RunArgs& args) { run_dw(args); }

}  // namespace hone::kernels::neon_i8mm
