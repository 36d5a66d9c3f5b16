// The preprocessing contract: from a decoded picture to a model's input, as pure functions on the
// caller's buffers. Evaluation, calibration and the device call the same code. docs/preprocess.md
// states each rule with its formula and source.
#pragma once

#include <cstdint>

#include "common/base/device_status.h"

namespace hone::preprocess {

// How three channels become the model's: gray is Pillow's convert("L"), gray_cv2 OpenCV's
// COLOR_RGB2GRAY, luma the Y of Pillow's convert("YCbCr"). A gray picture is repeated for rgb, bgr.
enum class Color : uint8_t { gray = 0, rgb = 1, bgr = 2, gray_cv2 = 3, luma = 4 };
enum class PixelLayout : uint8_t { nchw = 0, nhwc = 1 };
// Of the tensor. u8 and s8 hold the pixels themselves, s8 = x - 128; only f32 is normalised.
enum class PixelType : uint8_t { f32 = 0, u8 = 1, s8 = 2 };

// Bit for bit cv2.resize(INTER_NEAREST, INTER_LINEAR, INTER_AREA) and Image.resize(NEAREST,
// BILINEAR, BICUBIC) of 8-bit pictures. `none`: the picture keeps its size. Since version 13 Pillow
// resizes pictures that lose more than twice as many rows as columns down before across, which
// rounds differently; pillow12_ is what all versions before did.
enum class Resize : uint8_t {
  none = 0,
  cv2_nearest = 1,
  cv2_linear = 2,
  cv2_area = 3,
  pillow_nearest = 4,
  pillow_bilinear_aa = 5,
  pillow_bicubic_aa = 6,
  pillow12_bilinear_aa = 7,
  pillow12_bicubic_aa = 8,
};

// stretch: to the input's size. letterbox: aspect kept, the rest filled. crop: aspect kept, the
// shorter side becomes short_side, a window of the input's size is cut out.
enum class Fit : uint8_t { stretch = 0, letterbox = 1, crop = 2 };
enum class Anchor : uint8_t { center = 0, top_left = 1 };

constexpr int max_channels = 4;
constexpr int32_t max_side = 65536;

// The geometry first, on the picture's own channels; then the colour; then, in f32 and in this
// order, y = (x scale - mean[c]) / std[c], x the pixel's value in 0..255.
struct ImageContract {
  int32_t width = 0, height = 0;  // of the model's input
  Color color = Color::rgb;
  PixelLayout layout = PixelLayout::nchw;
  float scale = 1;
  float mean[max_channels] = {0, 0, 0, 0};
  float std[max_channels] = {1, 1, 1, 1};
  PixelType type = PixelType::f32;
  Resize resize = Resize::none;
  Fit fit = Fit::stretch;
  Anchor anchor = Anchor::center;     // of letterbox and crop
  uint8_t fill[3] = {114, 114, 114};  // letterbox: R, G, B of what the picture leaves free
  int32_t short_side = 0;             // crop: 0 is the input's larger side
  int32_t channels() const { return color == Color::rgb || color == Color::bgr ? 3 : 1; }
  int64_t tensor_bytes() const {
    return int64_t{width} * height * channels() * (type == PixelType::f32 ? 4 : 1);
  }
};

// A decoded picture: 8 bits a channel, interleaved, rows `stride` bytes apart; RGB order or gray.
// With `uv` it is NV12: `pixels` is the plane of Y, `uv` that of U V pairs for each 2 x 2 pixels,
// rows `uv_stride` apart, width and height even; channels is 3, what it becomes.
struct Picture {
  const uint8_t* pixels = nullptr;
  int32_t width = 0, height = 0, channels = 0;
  int64_t stride = 0;
  const uint8_t* uv = nullptr;
  int64_t uv_stride = 0;
};

// Where the resized picture of width x height pixels lies in the input: its top left corner is at
// (x, y), both <= 0 for crop. A point of the input maps back to
// ((px - x) / scale_x, (py - y) / scale_y) in the picture. The scales are those that training codes
// use: for letterbox both are min(W / w, H / h), before the rounding to whole pixels.
struct Placement {
  int32_t x = 0, y = 0, width = 0, height = 0;
  double scale_x = 1, scale_y = 1;
};

// Errors: invalid_argument for a contract that makes no sense (std 0, no size, a short side below
// the window), shape_mismatch for a picture that the contract cannot take.
device::Result<Placement> placement(const ImageContract& contract, int32_t picture_width,
                                    int32_t picture_height);

struct Scratch {
  void* data = nullptr;  // of any alignment
  int64_t bytes = 0;
};

// What image_to_tensor() needs for pictures of the picture's size and form (its pixels are not
// read); 0 without resize and NV12, and where placement() would fail.
int64_t scratch_bytes(const ImageContract& contract, const Picture& picture);

// Writes contract.tensor_bytes() in the contract's type and layout, reading each pixel as it is
// needed: no copy of the picture is made at any step. Errors: those of placement();
// invalid_argument for a picture that is none, out_of_memory where the scratch is too small.
device::Status image_to_tensor(const ImageContract& contract, const Picture& picture, void* out,
                               Scratch scratch = {});

}  // namespace hone::preprocess
