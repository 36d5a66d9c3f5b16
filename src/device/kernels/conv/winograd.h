// conv of 3 x 3, stride 1, by Winograd's F(m x m, 3 x 3): m x m outputs from (m + 2)^2 products for
// each pair of channels instead of 9 m^2. Lavin, Gray: Fast Algorithms for Convolutional Neural
// Networks (2015). Tiles of the input are transformed, multiplied position by position by the
// transformed weights (simd/tile.h), and the products transformed back.
//
// F(4): points 0, +-3/4, +-3/2, infinity. Its error against sums in double is about twice that of
// direct f32 sums; with the usual 0, +-1, +-2 it is six times (256 channels, values of a ReLU).
// F(2): points 0, +-1, infinity.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

// Where one tile of outputs goes, of which rows x columns are inside of y. Channels [0, channels).
struct WinogradOutput {
  const float* products;  // [(m + 2)^2], position_step floats apart
  int64_t position_step;
  const float* bias;
  float* y;
  const float* residual;                 // nullptr: none
  int64_t y_row, y_line, r_row, r_line;  // floats between pixels, and between lines of pixels
  int64_t rows, columns, channels;
  const Epilogue* epilogue;
};

// The two transforms for the vectors of one ISA.
struct WinogradTransforms {
  // pixels: [(m + 2)^2] line by line; v: the same, position_step floats apart.
  void (*input)(const float* const* pixels, int64_t channels, float* v, int64_t position_step);
  void (*output)(const WinogradOutput& out);
};

struct Winograd {
  int m;
  const Tiling* tiling;
  WinogradTransforms transforms;
};

#if defined(__x86_64__)
namespace avx2 {
extern const WinogradTransforms winograd_2, winograd_4;
}
namespace avx512 {
extern const WinogradTransforms winograd_2, winograd_4;
}
#endif
namespace neon {
#if defined(__aarch64__)
extern const WinogradTransforms winograd_2, winograd_4;
#else
constexpr WinogradTransforms winograd_2 = {nullptr, nullptr}, winograd_4 = winograd_2;
#endif
}  // namespace neon

const char* bind_conv_winograd(const Winograd& g, const Step& step, void* params, Work* work);
int64_t conv_winograd_bytes(const Winograd& g, const Step& step, int index);
void pack_conv_winograd(const Winograd& g, const Step& step, const void* const* raw, int index,
                        void* dst);
void run_conv_winograd(const Winograd& g, const RunArgs& args);

}  // namespace hone::kernels
