// Peak signal-to-noise ratio of pictures.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/model/tensor.h"

namespace hone::tasks {

struct PsnrOptions {
  double peak = 1;             // the greatest value a picture may have: 1, 255; > 0
  int64_t border = 0;          // rows and columns left out on each side
  bool luma = false;           // of 3 channels R, G, B: BT.601's Y, as MATLAB's rgb2ycbcr
  bool channels_last = false;  // [h, w, c] in place of [c, h, w]
};

class Psnr {
 public:
  explicit Psnr(const PsnrOptions& options) : options_(options) {}

  // Both [h, w], or with channels; leading axes of 1 do not count. Nothing is rounded or clipped.
  // Errors: shape_mismatch (different sizes, nothing within the border, luma of other than 3
  // channels or 1), invalid_argument (a value is not finite).
  Status add(const Tensor& made, const Tensor& truth);
  int64_t samples() const { return static_cast<int64_t>(decibels_.size()); }
  // The mean of the pictures' decibels; infinite where one is exact; 0 of no samples.
  double value() const;
  // Over these samples, each as often as it stands there.
  double value_of(std::span<const int32_t> samples) const;
  std::span<const double> decibels() const { return decibels_; }  // per sample

 private:
  PsnrOptions options_;
  std::vector<double> decibels_;
};

}  // namespace hone::tasks
