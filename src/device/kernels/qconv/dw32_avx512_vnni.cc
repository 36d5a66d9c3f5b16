// Vectors of 32 bytes: channels that are no multiple of 64 fill more of them.
#define HONE_ISA avx512_vnni
#include "device/kernels/qconv/ints_avx2.h"

#include "device/kernels/qconv/dw.inl.h"

namespace hone::kernels::avx512_vnni {

void qconv_dw_c32_run(const RunArgs& args) { run_dw(args); }

}  // namespace hone::kernels::avx512_vnni
