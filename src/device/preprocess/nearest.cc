#include "device/preprocess/nearest.h"

#include "device/preprocess/rounding.h"

namespace hone::preprocess {

Nearest::Nearest(const Sizes& sizes, bool pillow, Workspace& workspace)
    : sizes_(sizes), pillow_(pillow) {
  across_ = workspace.take<int32_t>(sizes.to_width);
  down_ = workspace.take<int32_t>(sizes.to_height);
  out_ = workspace.take<uint8_t>(int64_t{sizes.to_width} * sizes.channels);
}

void Nearest::fill(int32_t from, int32_t to, int32_t* at) const {
  const double cv2_step = 1 / (static_cast<double>(to) / from);
  const double pillow_step = static_cast<double>(from) / to;
  double position = pillow_step * 0.5;
  for (int32_t i = 0; i < to; ++i) {
    const int32_t k = pillow_ ? static_cast<int32_t>(position) : floor_of(i * cv2_step);
    at[i] = k < from ? k : from - 1;
    position += pillow_step;
  }
}

void Nearest::prepare() {
  fill(sizes_.from_width, sizes_.to_width, across_);
  fill(sizes_.from_height, sizes_.to_height, down_);
}

const uint8_t* Nearest::row(Rows& rows, int32_t y) {
  const uint8_t* from = rows.row(down_[y]);
  uint8_t* to = out_;
  for (int32_t x = 0; x < sizes_.to_width; ++x) {
    const uint8_t* pixel = from + int64_t{across_[x]} * sizes_.channels;
    for (int32_t c = 0; c < sizes_.channels; ++c) *to++ = pixel[c];
  }
  return out_;
}

}  // namespace hone::preprocess
