// Top-k accuracy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/model/tensor.h"

namespace hone::tasks {

// How many classes stand before `label` (a class: 0 <= label < count) when scores are sorted from
// the greatest down as np.argsort(-scores, kind="stable") does: of equal scores the first class
// stands first, NaNs stand last.
int64_t rank_of(const Tensor& scores, int64_t label);

class TopK {
 public:
  explicit TopK(int64_t k) : k_(k) {}

  // Scores: any shape with one element per class. Errors: invalid_argument for a label that is no
  // class.
  Status add(const Tensor& scores, int64_t label);
  int64_t samples() const { return static_cast<int64_t>(hits_.size()); }
  double value() const;  // percent; 0 of no samples
  // Over these samples, each as often as it stands there.
  double value_of(std::span<const int32_t> samples) const;
  std::span<const uint8_t> hits() const { return hits_; }  // per sample: 1 within the first k

 private:
  int64_t k_;
  std::vector<uint8_t> hits_;
};

}  // namespace hone::tasks
