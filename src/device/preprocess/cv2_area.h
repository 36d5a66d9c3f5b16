// OpenCV's INTER_AREA of 8-bit pictures where no side grows: the mean of what a pixel covers.
#pragma once

#include "device/preprocess/rows.h"

namespace hone::preprocess {

// Whole ratios sum in integers; 2 x 2 rounds half up, others multiply by the f32 reciprocal of the
// count and round to even. Other ratios sum in f32, across and then down, a pixel that is covered
// in part by its share.
class Cv2Area {
 public:
  Cv2Area(const Sizes& sizes, Workspace& workspace);
  void prepare();
  const uint8_t* row(Rows& rows, int32_t y);  // as Cv2Linear's

 private:
  // Of a pixel of the result: pixels [begin, end) wholly, one before and one after in part.
  struct Cover {
    int32_t begin, end;
    float before, whole, after;  // weights; 0: not covered
  };
  static Cover cover(int32_t i, int32_t size, double scale);
  const uint8_t* whole_row(Rows& rows, int32_t y);
  template <int channels>
  void count(const uint8_t* from);
  template <int channels>
  void average(const uint8_t* from);
  const float* across(Rows& rows, int32_t y);
  void add(Rows& rows, int32_t y, float weight, bool first);

  Sizes sizes_;
  int32_t ratio_x_ = 0, ratio_y_ = 0;  // 0: not whole
  Cover *across_ = nullptr, *down_ = nullptr;
  float *row_ = nullptr, *sum_ = nullptr;
  int32_t* count_ = nullptr;
  int32_t held_ = -1;
  uint8_t* out_;
};

// Is the rule an average, rather than INTER_LINEAR at positions of its own?
bool is_average(const Sizes& sizes);
// Both sides halved: INTER_LINEAR is INTER_AREA there.
bool is_half(const Sizes& sizes);

}  // namespace hone::preprocess
