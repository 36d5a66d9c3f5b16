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

// x, residual and y of 16-bit floats: rows of them are widened before they are transformed and
// narrowed after. The sums stay f32.
struct WinogradHalves {
  void (*widen)(const void* from, int64_t n, float* to);
  void (*narrow)(const float* from, int64_t n, void* to);
};

// What conv and hconv share, of a step whose operands were checked. type: that of x, y, the
// residual and the weights.
const char* bind_winograd(const Winograd& g, const ConvParams& c, DType type, const Step& step,
                          void* params, Work* work);
// Bytes of in[1] packed, -1 for in[2], which it holds; 0 where they are not packed.
int64_t winograd_bytes(const Winograd& g, const ConvParams& c, const Step& step, int index);
void pack_winograd(const Winograd& g, const ConvParams& c, DType type, const void* const* raw,
                   void* dst);
// halves: of type bf16 and f16; nullptr where x is f32.
void run_winograd(const Winograd& g, const WinogradHalves* bf16, const WinogradHalves* f16,
                  const RunArgs& args);

const char* bind_conv_winograd(const Winograd& g, const Step& step, void* params, Work* work);
int64_t conv_winograd_bytes(const Winograd& g, const Step& step, int index);
void pack_conv_winograd(const Winograd& g, const Step& step, const void* const* raw, int index,
                        void* dst);
void run_conv_winograd(const Winograd& g, const RunArgs& args);

}  // namespace hone::kernels
