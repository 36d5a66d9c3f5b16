// Pillow's convolution resize of 8-bit pictures: a filter as wide as the pixels it merges, so that
// shrinking does not alias.
#pragma once

#include "device/preprocess/rows.h"

namespace hone::preprocess {

enum class PillowOrder : uint8_t { across_first, by_size };  // until version 12, since 13

// Weights in double, then in 22 bits behind the point; rounded to 8 bits between the two passes. A
// side that keeps its size is left alone.
class Pillow {
 public:
  Pillow(const Sizes& sizes, bool cubic, PillowOrder order, Workspace& workspace);
  void prepare();
  const uint8_t* row(Rows& rows, int32_t y);  // as Cv2Linear's

 private:
  struct Axis {
    int32_t from = 0, to = 0;
    int32_t taps = 0;  // at most, of a pixel of the result
    int32_t *begin = nullptr, *count = nullptr, *weights = nullptr;
  };
  Axis axis(int32_t from, int32_t to, Workspace& workspace) const;
  void fill(const Axis& a) const;
  double filter(double x) const;
  void across(const uint8_t* from, uint8_t* to) const;
  template <int channels>
  void convolve(const uint8_t* from, uint8_t* to) const;
  void begin_sum(int64_t n);
  void add(const uint8_t* row, int32_t weight, int64_t n);
  void end_sum(int64_t n, uint8_t* to) const;
  const uint8_t* across_then_down(Rows& rows, int32_t y);
  const uint8_t* down_then_across(Rows& rows, int32_t y);

  Sizes sizes_;
  bool cubic_, down_first_;
  Axis x_, y_;
  double* exact_;            // weights of one pixel
  uint8_t* ring_ = nullptr;  // rows resized across; row y of the picture lies at y % ring_rows_
  int32_t ring_rows_ = 0;
  int32_t next_ = 0;         // row of the picture that comes into the ring next
  uint8_t* tall_ = nullptr;  // a row resized down, as wide as the picture
  int32_t* sum_;
  uint8_t* out_;
};

}  // namespace hone::preprocess
