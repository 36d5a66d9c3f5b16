// OpenCV's INTER_LINEAR of 8-bit pictures, and the form of it that INTER_AREA takes where a side
// grows.
#pragma once

#include "device/preprocess/rows.h"

namespace hone::preprocess {

// Weights of 11 bits for the two neighbours of a pixel's centre; a row of the picture is
// interpolated once, in 32 bits, and two such rows are weighed into one of the result.
class Cv2Linear {
 public:
  Cv2Linear(const Sizes& sizes, bool area, Workspace& workspace);
  void prepare();  // fills the tables; the workspace has memory
  // Row y of the result; y grows from call to call. Good until the next call.
  const uint8_t* row(Rows& rows, int32_t y);

 private:
  struct Tap {
    int32_t at;  // the first of the two neighbours
    int16_t weight[2];
  };
  Tap tap(int32_t i, double scale, double inverse) const;
  const int32_t* interpolated(Rows& rows, int32_t y, int32_t keep);
  template <int channels>
  void interpolate(const uint8_t* from, int32_t* to) const;

  Sizes sizes_;
  bool area_;
  Tap *across_, *down_;
  int32_t* held_[2];             // interpolated rows
  int32_t which_[2] = {-1, -1};  // of the picture
  uint8_t* out_;
};

}  // namespace hone::preprocess
