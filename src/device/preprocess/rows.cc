#include "device/preprocess/rows.h"

namespace hone::preprocess {

namespace {

// BT.601 with Y in 16..235, in 20 bits behind the point, as OpenCV's COLOR_YUV2RGB_NV12:
// R = 1.164 (Y - 16) + 1.596 (V - 128) and so on.
constexpr int32_t bits = 20;
constexpr int32_t y_all = 1220542, v_red = 1673527, u_green = -409993, v_green = -852492,
                  u_blue = 2116026;

uint8_t saturate(int32_t v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

void nv12_row(const uint8_t* y, const uint8_t* uv, int32_t width, uint8_t* out) {
  constexpr int32_t half = 1 << (bits - 1);
  for (int32_t x = 0; x < width; x += 2) {
    const int32_t u = uv[x] - 128, v = uv[x + 1] - 128;
    const int32_t red = half + v_red * v, green = half + v_green * v + u_green * u,
                  blue = half + u_blue * u;
    for (int32_t i = 0; i < 2; ++i) {
      const int32_t luma = (y[x + i] > 16 ? y[x + i] - 16 : 0) * y_all;
      *out++ = saturate((luma + red) >> bits);
      *out++ = saturate((luma + green) >> bits);
      *out++ = saturate((luma + blue) >> bits);
    }
  }
}

}  // namespace

Rows::Rows(const Picture& picture, Workspace& workspace) : picture_(picture) {
  if (picture.uv != nullptr) converted_ = workspace.take<uint8_t>(int64_t{3} * picture.width);
}

const uint8_t* Rows::row(int32_t y) {
  const uint8_t* row = picture_.pixels + y * picture_.stride;
  if (picture_.uv == nullptr) return row;
  if (held_ != y) {
    nv12_row(row, picture_.uv + (y / 2) * picture_.uv_stride, picture_.width, converted_);
    held_ = y;
  }
  return converted_;
}

}  // namespace hone::preprocess
