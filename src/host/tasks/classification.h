// Top-1 accuracy, overall and per class.
#pragma once

#include <cstdint>
#include <vector>

#include "host/model/tensor.h"

namespace hone::tasks {

struct ClassCount {
  int64_t samples = 0, right = 0;
};

struct Accuracy {
  int64_t samples = 0, right = 0;
  std::vector<ClassCount> classes;  // by true label
  std::vector<uint8_t> hits;        // per sample in order: 1 right; for paired comparisons

  double percent() const { return samples > 0 ? 100.0 * right / samples : 0; }
  double class_percent(size_t c) const {
    const ClassCount& k = classes[c];
    return k.samples > 0 ? 100.0 * k.right / k.samples : 0;
  }
};

// Adds one sample. Scores: any shape with one element per class; NaN never wins; the first of equal
// scores does, as np.argmax.
void add_sample(Accuracy* accuracy, const Tensor& scores, int64_t label, int64_t class_count);
int64_t arg_max(const Tensor& scores);

}  // namespace hone::tasks
