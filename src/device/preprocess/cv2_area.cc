#include "device/preprocess/cv2_area.h"

#include "device/preprocess/rounding.h"

namespace hone::preprocess {

namespace {

double scale_of(int32_t from, int32_t to) { return 1 / (static_cast<double>(to) / from); }

// The whole ratio, 0 where there is none: judged on the quotient of quotients, as OpenCV does.
int32_t whole_ratio(double scale) {
  const int32_t nearest = round_even(scale);
  const double off = scale - nearest;
  return off < 2.220446049250313e-16 && off > -2.220446049250313e-16 ? nearest : 0;
}

uint8_t saturate(float v) {
  const int32_t i = round_even(v);
  return static_cast<uint8_t>(i < 0 ? 0 : i > 255 ? 255 : i);
}

}  // namespace

bool is_average(const Sizes& s) {
  return scale_of(s.from_width, s.to_width) >= 1 && scale_of(s.from_height, s.to_height) >= 1;
}

bool is_half(const Sizes& s) {
  return s.from_width == 2 * int64_t{s.to_width} && s.from_height == 2 * int64_t{s.to_height};
}

Cv2Area::Cv2Area(const Sizes& sizes, Workspace& workspace) : sizes_(sizes) {
  const int32_t x = whole_ratio(scale_of(sizes.from_width, sizes.to_width));
  const int32_t y = whole_ratio(scale_of(sizes.from_height, sizes.to_height));
  const int64_t n = int64_t{sizes.to_width} * sizes.channels;
  if (x > 0 && y > 0) {
    ratio_x_ = x, ratio_y_ = y;
    count_ = workspace.take<int32_t>(n);
  } else {
    across_ = workspace.take<Cover>(sizes.to_width);
    down_ = workspace.take<Cover>(sizes.to_height);
    row_ = workspace.take<float>(n);
    sum_ = workspace.take<float>(n);
  }
  out_ = workspace.take<uint8_t>(n);
}

// A share below a thousandth of a pixel does not count.
Cv2Area::Cover Cv2Area::cover(int32_t i, int32_t size, double scale) {
  const double from = i * scale, to = from + scale;
  const double width = scale < size - from ? scale : size - from;
  Cover c{ceil_of(from), floor_of(to), 0, 0, 0};
  if (c.end > size - 1) c.end = size - 1;
  if (c.begin > c.end) c.begin = c.end;
  if (c.begin - from > 1e-3) c.before = static_cast<float>((c.begin - from) / width);
  c.whole = static_cast<float>(1 / width);
  double rest = to - c.end;
  if (rest > 1e-3) {
    if (rest > 1) rest = 1;
    if (rest > width) rest = width;
    c.after = static_cast<float>(rest / width);
  }
  return c;
}

void Cv2Area::prepare() {
  if (ratio_x_ > 0) return;
  const double x = scale_of(sizes_.from_width, sizes_.to_width);
  const double y = scale_of(sizes_.from_height, sizes_.to_height);
  for (int32_t i = 0; i < sizes_.to_width; ++i) across_[i] = cover(i, sizes_.from_width, x);
  for (int32_t i = 0; i < sizes_.to_height; ++i) down_[i] = cover(i, sizes_.from_height, y);
}

const uint8_t* Cv2Area::whole_row(Rows& rows, int32_t y) {
  const int32_t channels = sizes_.channels;
  const int64_t n = int64_t{sizes_.to_width} * channels;
  for (int64_t i = 0; i < n; ++i) count_[i] = 0;
  for (int32_t k = 0; k < ratio_y_; ++k) {
    const uint8_t* from = rows.row(y * ratio_y_ + k);
    for (int64_t i = 0; i < n; i += channels) {
      for (int32_t j = 0; j < ratio_x_; ++j) {
        for (int32_t c = 0; c < channels; ++c) count_[i + c] += *from++;
      }
    }
  }
  const bool quarter = ratio_x_ == 2 && ratio_y_ == 2;
  const float share = 1.0f / static_cast<float>(ratio_x_ * ratio_y_);
  for (int64_t i = 0; i < n; ++i) {
    out_[i] = quarter ? static_cast<uint8_t>((count_[i] + 2) >> 2)
                      : saturate(static_cast<float>(count_[i]) * share);
  }
  return out_;
}

// Row y of the picture averaged across. Two rows of the result may share it.
const float* Cv2Area::across(Rows& rows, int32_t y) {
  if (held_ == y) return row_;
  held_ = y;
  const uint8_t* from = rows.row(y);
  const int32_t channels = sizes_.channels;
  float* to = row_;
  for (int32_t x = 0; x < sizes_.to_width; ++x, to += channels) {
    const Cover& k = across_[x];
    const uint8_t* p = from + int64_t{k.begin} * channels;
    for (int32_t c = 0; c < channels; ++c) {
      float sum = 0;
      if (k.before > 0) sum += static_cast<float>(p[c - channels]) * k.before;
      const uint8_t* q = p + c;
      for (int32_t i = k.begin; i < k.end; ++i, q += channels) {
        sum += static_cast<float>(*q) * k.whole;
      }
      if (k.after > 0) sum += static_cast<float>(*q) * k.after;
      to[c] = sum;
    }
  }
  return row_;
}

void Cv2Area::add(Rows& rows, int32_t y, float weight, bool first) {
  const float* row = across(rows, y);
  const int64_t n = int64_t{sizes_.to_width} * sizes_.channels;
  if (first) {
    for (int64_t i = 0; i < n; ++i) sum_[i] = weight * row[i];
  } else {
    for (int64_t i = 0; i < n; ++i) sum_[i] += weight * row[i];
  }
}

const uint8_t* Cv2Area::row(Rows& rows, int32_t y) {
  if (ratio_x_ > 0) return whole_row(rows, y);
  const Cover& k = down_[y];
  bool first = true;
  if (k.before > 0) add(rows, k.begin - 1, k.before, first), first = false;
  for (int32_t i = k.begin; i < k.end; ++i) add(rows, i, k.whole, first), first = false;
  if (k.after > 0) add(rows, k.end, k.after, first);
  const int64_t n = int64_t{sizes_.to_width} * sizes_.channels;
  for (int64_t i = 0; i < n; ++i) out_[i] = saturate(sum_[i]);
  return out_;
}

}  // namespace hone::preprocess
