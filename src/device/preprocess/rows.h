// What the resizers read from: a picture's rows as interleaved 8-bit pixels.
#pragma once

#include "device/preprocess/preprocess.h"
#include "device/preprocess/workspace.h"

namespace hone::preprocess {

// Sides of a picture and of what it is resized to.
struct Sizes {
  int32_t from_width = 0, from_height = 0, to_width = 0, to_height = 0;
  int32_t channels = 0;
  bool same() const { return from_width == to_width && from_height == to_height; }
};

class Rows {
 public:
  // Takes a row of RGB where the picture is NV12.
  Rows(const Picture& picture, Workspace& workspace);
  // Good until the next call for NV12, as long as the picture otherwise. y is in the picture.
  const uint8_t* row(int32_t y);

 private:
  const Picture& picture_;
  uint8_t* converted_ = nullptr;
  int32_t held_ = -1;
};

}  // namespace hone::preprocess
