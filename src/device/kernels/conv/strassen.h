// conv of 1 x 1, stride 1, by one step of Strassen's algorithm (simd/strassen.h).
#pragma once

#include "device/kernels/conv/conv.h"
#include "device/kernels/simd/strassen.h"

namespace hone::kernels {

const char* bind_conv_strassen(const Strassen& s, const Step& step, void* params, Work* work);
int64_t conv_strassen_bytes(const Strassen& s, const Step& step, int index);
void pack_conv_strassen(const Strassen& s, const Step& step, const void* const* raw, void* dst);
void run_conv_strassen(const Strassen& s, const RunArgs& args);

}  // namespace hone::kernels
