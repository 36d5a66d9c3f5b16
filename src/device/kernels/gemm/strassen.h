// gemm with packed b by one step of Strassen's algorithm (simd/strassen.h).
#pragma once

#include "device/kernels/gemm/gemm.h"
#include "device/kernels/simd/strassen.h"

namespace hone::kernels {

const char* bind_gemm_strassen(const Strassen& s, const Step& step, void* params, Work* work);
int64_t gemm_strassen_bytes(const Strassen& s, const Step& step, int index);
void pack_gemm_strassen(const Strassen& s, const Step& step, const void* const* raw, void* dst);
void run_gemm_strassen(const Strassen& s, const RunArgs& args);

}  // namespace hone::kernels
