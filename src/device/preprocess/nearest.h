// The nearest pixel, by OpenCV's rule (INTER_NEAREST) or Pillow's (NEAREST).
#pragma once

#include "device/preprocess/rows.h"

namespace hone::preprocess {

// OpenCV takes floor(i from/to), Pillow the pixel under the centre, its position grown by repeated
// addition in double.
class Nearest {
 public:
  Nearest(const Sizes& sizes, bool pillow, Workspace& workspace);
  void prepare();
  const uint8_t* row(Rows& rows, int32_t y);  // as Cv2Linear's

 private:
  void fill(int32_t from, int32_t to, int32_t* at) const;

  Sizes sizes_;
  bool pillow_;
  int32_t *across_, *down_;
  uint8_t* out_;
};

}  // namespace hone::preprocess
