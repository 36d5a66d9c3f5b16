#define HONE_ISA avx_vnni
#include "device/kernels/qconv/ints_avx2.h"

#include "device/kernels/qconv/dw.inl.h"
#include "device/kernels/qconv/tile.inl.h"

namespace hone::kernels::avx_vnni {

const QTileFunction qtiles_6x16[12] = {
    qtile<1, 1>, qtile<2, 1>, qtile<3, 1>, qtile<4, 1>, qtile<5, 1>, qtile<6, 1>,
    qtile<1, 2>, qtile<2, 2>, qtile<3, 2>, qtile<4, 2>, qtile<5, 2>, qtile<6, 2>,
};

void qconv_dw_c32_run(const RunArgs& args) { run_dw(args); }

}  // namespace hone::kernels::avx_vnni
