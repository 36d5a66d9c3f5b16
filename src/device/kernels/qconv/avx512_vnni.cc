#define HONE_ISA avx512_vnni
#include "device/kernels/qconv/ints_avx512.h"

#include "device/kernels/qconv/dw.inl.h"
#include "device/kernels/qconv/tile.inl.h"

namespace hone::kernels::avx512_vnni {

const QTileFunction qtiles_12x32[24] = {
    qtile<1, 1>, qtile<2, 1>, qtile<3, 1>, qtile<4, 1>,  qtile<5, 1>,  qtile<6, 1>,
    qtile<7, 1>, qtile<8, 1>, qtile<9, 1>, qtile<10, 1>, qtile<11, 1>, qtile<12, 1>,
    qtile<1, 2>, qtile<2, 2>, qtile<3, 2>, qtile<4, 2>,  qtile<5, 2>,  qtile<6, 2>,
    qtile<7, 2>, qtile<8, 2>, qtile<9, 2>, qtile<10, 2>, qtile<11, 2>, qtile<12, 2>,
};

void qconv_dw_c64_run(const RunArgs& args) { run_dw(args); }

}  // namespace hone::kernels::avx512_vnni
