#include "host/tasks/f1.h"

#include <fmt/format.h>

namespace hone::tasks {

// 2 tp / (2 tp + fp + fn), which is the mean of precision and recall without their divisions by 0.
double F1::Count::f1() const {
  const int64_t whole = predicted + labelled;
  return whole > 0 ? 200.0 * static_cast<double>(right) / static_cast<double>(whole) : 0;
}

Status F1::add(int64_t label, int64_t predicted) {
  for (int64_t c : {label, predicted}) {
    if (c < 0 || c >= classes_) {
      return invalid(fmt::format("sample {}: class {}, there are {}", samples(), c, classes_));
    }
  }
  labels_.push_back(label);
  predictions_.push_back(predicted);
  return {};
}

void F1::count(std::vector<Count>* counts, size_t sample) const {
  Count& label = (*counts)[static_cast<size_t>(labels_[sample])];
  Count& predicted = (*counts)[static_cast<size_t>(predictions_[sample])];
  ++label.labelled;
  ++predicted.predicted;
  label.right += &label == &predicted;
}

double F1::average(const std::vector<Count>& counts) const {
  if (average_ == F1Average::binary) return counts[static_cast<size_t>(positive_)].f1();
  Count all;
  double sum = 0;
  int64_t occurring = 0;
  for (const Count& c : counts) {
    all.right += c.right;
    all.predicted += c.predicted;
    all.labelled += c.labelled;
    sum += c.f1();
    occurring += c.predicted + c.labelled > 0;
  }
  if (average_ == F1Average::micro) return all.f1();
  return occurring > 0 ? sum / static_cast<double>(occurring) : 0;
}

double F1::value() const {
  std::vector<Count> counts(static_cast<size_t>(classes_));
  for (size_t i = 0; i < labels_.size(); ++i) count(&counts, i);
  return average(counts);
}

double F1::value_of(std::span<const int32_t> samples) const {
  std::vector<Count> counts(static_cast<size_t>(classes_));
  for (int32_t i : samples) count(&counts, static_cast<size_t>(i));
  return average(counts);
}

std::vector<double> F1::class_values() const {
  std::vector<Count> counts(static_cast<size_t>(classes_));
  for (size_t i = 0; i < labels_.size(); ++i) count(&counts, i);
  std::vector<double> values;
  for (const Count& c : counts) values.push_back(c.f1());
  return values;
}

}  // namespace hone::tasks
