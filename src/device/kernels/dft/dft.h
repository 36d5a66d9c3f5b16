// dft: ONNX DFT: Fourier transforms of lines along one axis, of any length.
//
//   in[0]  x  f32, f64, f16 or bf16, dense, rank >= 2; its last axis is 1 (real) or 2 (real,
//   imaginary) out[0] y  x's type and shape but for `axis` (the bins) and the last, dense
//
// Lines are cut, or filled with zeros, to `length`. Bins: length, or length / 2 + 1 of a one-sided
// transform. The inverse is divided by the length; that of a one-sided spectrum is real (y's last
// axis is 1). dims: {axis, length}: axis >= 0 and not the last, length in [1, longest_dft].
//
// By the prime factors of the length, in the order of additions that NumPy has; f32 with imaginary
// parts computes in f32, all else in f64.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct DftAttrs {
  int32_t inverse, onesided;
};
constexpr const char* dft_attr_names = "inverse onesided";
constexpr int64_t longest_dft = int64_t{1} << 24;

}  // namespace hone::kernels
