// hconv of 3 x 3 by conv/winograd.h: where its f32 is faster than direct sums of 16-bit products.
#pragma once

#include "device/kernels/conv/winograd.h"
#include "device/kernels/hconv/params.h"

namespace hone::kernels {

#if defined(__x86_64__)
namespace avx2 {
extern const WinogradHalves rows_of_bf16, rows_of_f16;
}
namespace avx512 {
extern const WinogradHalves rows_of_bf16, rows_of_f16;
}
#endif
namespace neon {
#if defined(__aarch64__)
extern const WinogradHalves rows_of_bf16, rows_of_f16;
#else
constexpr WinogradHalves rows_of_bf16 = {nullptr, nullptr}, rows_of_f16 = rows_of_bf16;
#endif
}  // namespace neon

const char* bind_hconv_winograd(const Winograd& g, const Step& step, void* params, Work* work);
int64_t hconv_winograd_bytes(const Winograd& g, const Step& step, int index);
void pack_hconv_winograd(const Winograd& g, const Step& step, const void* const* raw, void* dst);

}  // namespace hone::kernels
