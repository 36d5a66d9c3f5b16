// F1 of classes: the harmonic mean of precision and recall, as scikit-learn's f1_score defines it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/base/status.h"

namespace hone::tasks {

enum class F1Average {
  binary,  // of one class, the positive one
  macro,   // the mean over the classes that occur, as label or as prediction
  micro,   // of all decisions together; with one label a sample this is the accuracy
};

class F1 {
 public:
  F1(int64_t classes, F1Average average, int64_t positive = 1)
      : classes_(classes), average_(average), positive_(positive) {}

  // Errors: invalid_argument for what is no class.
  Status add(int64_t label, int64_t predicted);
  int64_t samples() const { return static_cast<int64_t>(labels_.size()); }
  // Percent. A class that nobody predicted and none has counts 0, as where 0 is divided by 0.
  double value() const;
  // Over these samples, each as often as it stands there.
  double value_of(std::span<const int32_t> samples) const;
  std::vector<double> class_values() const;  // by class, percent
  std::span<const int64_t> labels() const { return labels_; }
  std::span<const int64_t> predictions() const { return predictions_; }

 private:
  struct Count {
    int64_t right = 0, predicted = 0, labelled = 0;
    double f1() const;
  };
  void count(std::vector<Count>* counts, size_t sample) const;
  double average(const std::vector<Count>& counts) const;

  int64_t classes_;
  F1Average average_;
  int64_t positive_;
  std::vector<int64_t> labels_, predictions_;
};

}  // namespace hone::tasks
