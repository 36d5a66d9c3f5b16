#include "device/preprocess/preprocess.h"
#include "device/preprocess/rounding.h"

namespace hone::preprocess {

namespace {

device::Status bad(const char* text) { return device::error(Code::invalid_argument, text); }

bool is_side(int32_t v) { return v >= 1 && v <= max_side; }

device::Status check(const ImageContract& k) {
  if (!is_side(k.width) || !is_side(k.height)) return bad("the input's size is not set");
  for (int c = 0; c < k.channels(); ++c) {
    if (!(k.std[c] < 0 || k.std[c] > 0)) return bad("std is 0");
  }
  if (k.fit == Fit::crop && k.short_side != 0) {
    if (!is_side(k.short_side)) return bad("the shorter side's length makes no sense");
    if (k.short_side < k.width || k.short_side < k.height) {
      return bad("the shorter side is below the window that is cut out");
    }
  }
  return {};
}

device::Status misfit(const ImageContract& k, int32_t width, int32_t height, const char* verb) {
  return device::error(Code::shape_mismatch, FixedText() << "the picture is " << width << "x"
                                                         << height << ", the model takes " << verb
                                                         << k.width << "x" << k.height);
}

int32_t at_least_one(int32_t v) { return v < 1 ? 1 : v; }

// YOLOX, at the top left, cuts the sides off to whole pixels; Ultralytics, in the centre, rounds
// them to even and gives an odd pixel of border to the right and below.
void letterbox(const ImageContract& k, int32_t width, int32_t height, Placement* p) {
  if (k.resize != Resize::none) {
    const double x = static_cast<double>(k.width) / width;
    const double y = static_cast<double>(k.height) / height;
    const double ratio = x < y ? x : y;
    p->scale_x = p->scale_y = ratio;
    const bool center = k.anchor == Anchor::center;
    p->width = at_least_one(center ? round_even(width * ratio) : floor_of(width * ratio));
    p->height = at_least_one(center ? round_even(height * ratio) : floor_of(height * ratio));
  }
  if (k.anchor == Anchor::top_left) return;
  p->x = (k.width - p->width) / 2;
  p->y = (k.height - p->height) / 2;
}

// torchvision's Resize(short_side), which cuts the longer side off to a whole pixel, and its
// CenterCrop, which rounds half a pixel to even.
device::Status crop(const ImageContract& k, int32_t width, int32_t height, Placement* p) {
  if (k.resize != Resize::none) {
    const int32_t larger = k.width > k.height ? k.width : k.height;
    const int64_t side = k.short_side != 0 ? k.short_side : larger;
    const int64_t w = width <= height ? side : side * width / height;
    const int64_t h = width <= height ? side * height / width : side;
    if (w > INT32_MAX / 8 || h > INT32_MAX / 8) return misfit(k, width, height, "");
    p->width = static_cast<int32_t>(w), p->height = static_cast<int32_t>(h);
    p->scale_x = static_cast<double>(p->width) / width;
    p->scale_y = static_cast<double>(p->height) / height;
  }
  if (k.anchor == Anchor::top_left) return {};
  p->x = -round_even((p->width - k.width) / 2.0);
  p->y = -round_even((p->height - k.height) / 2.0);
  return {};
}

}  // namespace

device::Result<Placement> placement(const ImageContract& k, int32_t width, int32_t height) {
  if (auto s = check(k); !s.ok()) return s;
  if (width < 1 || height < 1) return bad("the picture has no pixels");
  const bool resized = k.resize != Resize::none;
  Placement p{0, 0, width, height, 1, 1};
  switch (k.fit) {
    case Fit::stretch:
      if (!resized && (width != k.width || height != k.height)) {
        return misfit(k, width, height, "");
      }
      p = {0,
           0,
           k.width,
           k.height,
           static_cast<double>(k.width) / width,
           static_cast<double>(k.height) / height};
      break;
    case Fit::letterbox:
      if (!resized && (width > k.width || height > k.height)) {
        return misfit(k, width, height, "at most ");
      }
      letterbox(k, width, height, &p);
      break;
    case Fit::crop:
      if (!resized && (width < k.width || height < k.height)) {
        return misfit(k, width, height, "at least ");
      }
      if (auto s = crop(k, width, height, &p); !s.ok()) return s;
      break;
  }
  return p;
}

}  // namespace hone::preprocess
