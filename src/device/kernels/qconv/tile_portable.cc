#define HONE_ISA portable
#include "device/kernels/qconv/ints_portable.h"

#include "device/kernels/qconv/dw.inl.h"
#include "device/kernels/qconv/tile.inl.h"

namespace hone::kernels::portable {

const QTileFunction qtiles_4x16[8] = {
    qtile<1, 1>, qtile<2, 1>, qtile<3, 1>, qtile<4, 1>,
    qtile<1, 2>, qtile<2, 2>, qtile<3, 2>, qtile<4, 2>,
};

void qconv_dw_c32_run(const RunArgs& args) { run_dw(args); }

}  // namespace hone::kernels::portable
