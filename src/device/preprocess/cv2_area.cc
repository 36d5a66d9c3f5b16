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

template <int channels>
void Cv2Area::count(const uint8_t* from) {
  int32_t* to = count_;
  for (int32_t x = 0; x < sizes_.to_width; ++x, to += channels) {
    for (int32_t k = 0; k < ratio_x_; ++k, from += channels) {
      for (int32_t c = 0; c < channels; ++c) to[c] += from[c];
    }
  }
}

const uint8_t* Cv2Area::whole_row(Rows& rows, int32_t y) {
  const int64_t n = int64_t{sizes_.to_width} * sizes_.channels;
  for (int64_t i = 0; i < n; ++i) count_[i] = 0;
  for (int32_t k = 0; k < ratio_y_; ++k) {
    const uint8_t* from = rows.row(y * ratio_y_ + k);
    if (sizes_.channels == 1) {
      count<1>(from);
    } else {
      count<3>(from);
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

template <int channels>
void Cv2Area::average(const uint8_t* from) {
  float* to = row_;
  for (int32_t x = 0; x < sizes_.to_width; ++x, to += channels) {
    const Cover& k = across_[x];
    const uint8_t* p = from + int64_t{k.begin} * channels;
    float sum[channels] = {};
    const auto add = [&](const uint8_t* pixel, float weight) {
      for (int32_t c = 0; c < channels; ++c) sum[c] += static_cast<float>(pixel[c]) * weight;
    };
    if (k.before > 0) add(p - channels, k.before);
    for (int32_t i = k.begin; i < k.end; ++i, p += channels) add(p, k.whole);
    if (k.after > 0) add(p, k.after);
    for (int32_t c = 0; c < channels; ++c) to[c] = sum[c];
  }
}

// Row y of the picture averaged across. Two rows of the result may share it.
const float* Cv2Area::across(Rows& rows, int32_t y) {
  if (held_ == y) return row_;
  held_ = y;
  if (sizes_.channels == 1) {
    average<1>(rows.row(y));
  } else {
    average<3>(rows.row(y));
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
