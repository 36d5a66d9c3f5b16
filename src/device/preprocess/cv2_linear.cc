#include "device/preprocess/cv2_linear.h"

#include "device/preprocess/rounding.h"

namespace hone::preprocess {

namespace {

constexpr int32_t one = 2048;

int32_t clamp(int32_t v, int32_t size) { return v < 0 ? 0 : v < size ? v : size - 1; }

}  // namespace

Cv2Linear::Cv2Linear(const Sizes& sizes, bool area, Workspace& workspace)
    : sizes_(sizes), area_(area) {
  across_ = workspace.take<Tap>(sizes.to_width);
  down_ = workspace.take<Tap>(sizes.to_height);
  for (int32_t*& row : held_)
    row = workspace.take<int32_t>(int64_t{sizes.to_width} * sizes.channels);
  out_ = workspace.take<uint8_t>(int64_t{sizes.to_width} * sizes.channels);
}

// The position in f32, its fraction in f32, weights rounded to even: each step as OpenCV rounds it.
Cv2Linear::Tap Cv2Linear::tap(int32_t i, double scale, double inverse) const {
  int32_t at = 0;
  float fraction = 0;
  if (area_) {
    at = floor_of(i * scale);
    fraction = static_cast<float>((i + 1) - (at + 1) * inverse);
    fraction = fraction <= 0 ? 0.0f : fraction - static_cast<float>(floor_of(fraction));
  } else {
    const auto position = static_cast<float>((i + 0.5) * scale - 0.5);
    at = floor_of(position);
    fraction = position - static_cast<float>(at);
  }
  Tap t;
  t.at = at;
  t.weight[0] = static_cast<int16_t>(round_even((1.0f - fraction) * one));
  t.weight[1] = static_cast<int16_t>(round_even(fraction * one));
  return t;
}

void Cv2Linear::prepare() {
  const double inverse_x = static_cast<double>(sizes_.to_width) / sizes_.from_width;
  const double inverse_y = static_cast<double>(sizes_.to_height) / sizes_.from_height;
  const int32_t last = sizes_.from_width - 1;
  for (int32_t x = 0; x < sizes_.to_width; ++x) {
    Tap t = tap(x, 1 / inverse_x, inverse_x);
    // Beyond an edge only the edge counts; `last` has no second neighbour. Rows keep both weights:
    // their shares are cut off one by one, which may lose 1 of 255.
    if (t.at < 0 || t.at >= last) t = {t.at < 0 ? 0 : last, {one, 0}};
    across_[x] = t;
  }
  for (int32_t y = 0; y < sizes_.to_height; ++y) down_[y] = tap(y, 1 / inverse_y, inverse_y);
}

template <int channels>
void Cv2Linear::interpolate(const uint8_t* from, int32_t* to) const {
  const int32_t last = sizes_.from_width - 1;
  for (int32_t x = 0; x < sizes_.to_width; ++x) {
    const Tap& t = across_[x];
    const uint8_t* left = from + int64_t{t.at} * channels;
    const uint8_t* right = t.at < last ? left + channels : left;
    for (int32_t c = 0; c < channels; ++c) *to++ = left[c] * t.weight[0] + right[c] * t.weight[1];
  }
}

// Row y of the picture across; the held row that is not `keep` makes room.
const int32_t* Cv2Linear::interpolated(Rows& rows, int32_t y, int32_t keep) {
  for (int i = 0; i < 2; ++i) {
    if (which_[i] == y) return held_[i];
  }
  const int i = which_[0] == keep ? 1 : 0;
  which_[i] = y;
  if (sizes_.channels == 1) {
    interpolate<1>(rows.row(y), held_[i]);
  } else {
    interpolate<3>(rows.row(y), held_[i]);
  }
  return held_[i];
}

const uint8_t* Cv2Linear::row(Rows& rows, int32_t y) {
  const Tap& t = down_[y];
  const int32_t above = clamp(t.at, sizes_.from_height),
                below = clamp(t.at + 1, sizes_.from_height);
  const int32_t* a = interpolated(rows, above, below);
  const int32_t* b = interpolated(rows, below, above);
  const int32_t wa = t.weight[0], wb = t.weight[1];
  const int64_t n = int64_t{sizes_.to_width} * sizes_.channels;
  for (int64_t i = 0; i < n; ++i) {
    const int32_t v = ((wa * (a[i] >> 4)) >> 16) + ((wb * (b[i] >> 4)) >> 16) + 2;
    out_[i] = static_cast<uint8_t>(v >> 2);
  }
  return out_;
}

}  // namespace hone::preprocess
