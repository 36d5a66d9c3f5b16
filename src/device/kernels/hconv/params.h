// What hconv's bind functions check once for all kernels, and what its run functions read.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/hconv/hconv.h"

namespace hone::kernels {

struct HConvParams {
  ConvParams conv;  // rows in elements
  DType type, y_type;
};
static_assert(sizeof(HConvParams) <= max_params_bytes);

// Checks x, residual, y and the attributes against each other (not weights and bias) and fills
// all but `bias` and the blocking. nullptr, or the reason for refusing.
const char* check_hconv(const Step& step, HConvParams* p);
// The same for in[1] and in[2] as they come from the model.
const char* check_hconv_raw_weights(const Step& step, HConvParams* p);

void hconv_portable_run(const RunArgs& args);

}  // namespace hone::kernels
