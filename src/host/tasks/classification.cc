#include "host/tasks/classification.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "host/tasks/evaluator.h"

namespace hone::tasks {

namespace {

double percent(int64_t right, int64_t of) {
  return of > 0 ? 100.0 * static_cast<double>(right) / static_cast<double>(of) : 0;
}

class Top1 : public Evaluator {
 public:
  explicit Top1(size_t classes) : classes_(classes) {}

  const char* metric() const override { return "top-1"; }
  const char* unit() const override { return "%"; }

  Status add(const Sample& truth, std::span<const Tensor> outputs, const Geometry&) override {
    const Tensor& scores = outputs[0];
    const auto classes = static_cast<int64_t>(classes_.size());
    if (scores.count() != classes) {
      return Status(
          Code::shape_mismatch,
          fmt::format("the model gives {} scores, there are {} labels", scores.count(), classes));
    }
    if (truth.label < 0 || truth.label >= classes) {
      return invalid(fmt::format("sample {} has label {}, there are {} classes", hits_.size(),
                                 truth.label, classes));
    }
    const bool right = arg_max(scores) == truth.label;
    hits_.push_back(right);
    truths_.push_back(truth.label);
    right_ += right;
    Count& c = classes_[static_cast<size_t>(truth.label)];
    ++c.samples;
    c.right += right;
    return {};
  }

  int64_t samples() const override { return static_cast<int64_t>(hits_.size()); }
  double value() const override { return percent(right_, samples()); }
  double value_of(std::span<const int32_t> samples) const override {
    int64_t right = 0;
    for (int32_t i : samples) right += hits_[static_cast<size_t>(i)];
    return percent(right, static_cast<int64_t>(samples.size()));
  }
  std::vector<ClassScore> classes() const override {
    std::vector<ClassScore> out;
    for (const Count& c : classes_) out.push_back({c.samples, percent(c.right, c.samples)});
    return out;
  }
  std::span<const uint8_t> hits() const override { return hits_; }
  std::span<const int64_t> truths() const override { return truths_; }

 private:
  struct Count {
    int64_t samples = 0, right = 0;
  };
  std::vector<Count> classes_;
  std::vector<uint8_t> hits_;
  std::vector<int64_t> truths_;
  int64_t right_ = 0;
};

Result<std::unique_ptr<Evaluator>> make(const TaskSpec& spec) {
  if (spec.labels.empty()) return invalid("classification needs the names of its classes");
  return std::unique_ptr<Evaluator>(std::make_unique<Top1>(spec.labels.size()));
}

}  // namespace

int64_t arg_max(const Tensor& scores) {
  int64_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0, n = scores.count(); i < n; ++i) {
    double v = scores.at(i);
    if (v > most) most = v, best = i;
  }
  return best;
}

extern const Task classification_task;
const Task classification_task = {"classification", make};

}  // namespace hone::tasks
