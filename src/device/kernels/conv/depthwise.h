// What the vectorised depthwise kernels share on the portable side.
#pragma once

#include "device/kernels/conv/params.h"

namespace hone::kernels {

const char* bind_conv_depthwise(int width, const Step& step, void* params, Work* work);
int64_t conv_depthwise_bytes(int width, const Step& step, int index);
void pack_conv_depthwise(int width, const Step& step, const void* const* raw, void* dst);

// Weights and bias computed in the same run: packed by the first phase, used by the second.
const char* bind_conv_depthwise_dynamic(int width, const Step& step, void* params, Work* work);
void run_conv_depthwise_dynamic(int width, void (*run)(const RunArgs&), const RunArgs& args);

// Units of rows times blocks of channels, and scratch for a pixel of zeros.
void set_depthwise_work(int width, ConvParams* p, Work* work);

// Rows of output pixels that are computed together: windows that overlap read what they share once.
static inline int depthwise_lines(const ConvParams& p) {
  return p.og == 1 && p.kh == 3 && p.kw == 3 && p.sh == 1 && p.sw == 1 && p.dh == 1 && p.dw == 1
             ? 2
             : 1;
}

static inline bool is_depthwise(const ConvParams& p) { return p.groups == p.c && p.groups == p.o; }

}  // namespace hone::kernels
