// What the vectorised kernels of small groups share on the portable side.
#pragma once

#include "device/kernels/conv/params.h"

namespace hone::kernels {

const char* bind_conv_grouped(int width, const Step& step, void* params, Work* work);
int64_t conv_grouped_bytes(int width, const Step& step, int index);
void pack_conv_grouped(int width, const Step& step, const void* const* raw, void* dst);

}  // namespace hone::kernels
