#include "host/tasks/classification.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "host/tasks/evaluator.h"
#include "host/tasks/f1.h"
#include "host/tasks/topk.h"

namespace hone::tasks {

namespace {

double percent(int64_t right, int64_t of) {
  return of > 0 ? 100.0 * static_cast<double>(right) / static_cast<double>(of) : 0;
}

// Errors: as Evaluator::add.
Status check(const Sample& truth, const Tensor& scores, int64_t samples, int64_t classes) {
  if (scores.count() != classes) {
    return Status(
        Code::shape_mismatch,
        fmt::format("the model gives {} scores, there are {} labels", scores.count(), classes));
  }
  if (truth.label < 0 || truth.label >= classes) {
    return invalid(
        fmt::format("sample {} has label {}, there are {} classes", samples, truth.label, classes));
  }
  return {};
}

class Top : public Evaluator {
 public:
  Top(size_t classes, int64_t k) : classes_(classes), name_(fmt::format("top-{}", k)), top_(k) {}

  const char* metric() const override { return name_.c_str(); }
  const char* unit() const override { return "%"; }

  Status add(const Sample& truth, std::span<const Tensor> outputs, const Geometry&) override {
    HONE_RETURN_IF_ERROR(
        check(truth, outputs[0], samples(), static_cast<int64_t>(classes_.size())));
    HONE_RETURN_IF_ERROR(top_.add(outputs[0], truth.label));
    truths_.push_back(truth.label);
    Count& c = classes_[static_cast<size_t>(truth.label)];
    ++c.samples;
    c.right += top_.hits().back();
    return {};
  }

  int64_t samples() const override { return top_.samples(); }
  double value() const override { return top_.value(); }
  double value_of(std::span<const int32_t> samples) const override {
    return top_.value_of(samples);
  }
  std::vector<ClassScore> classes() const override {
    std::vector<ClassScore> out;
    for (const Count& c : classes_) out.push_back({c.samples, percent(c.right, c.samples)});
    return out;
  }
  std::span<const uint8_t> hits() const override { return top_.hits(); }
  std::span<const int64_t> truths() const override { return truths_; }

 private:
  struct Count {
    int64_t samples = 0, right = 0;
  };
  std::vector<Count> classes_;
  std::string name_;
  TopK top_;
  std::vector<int64_t> truths_;
};

class F1Score : public Evaluator {
 public:
  F1Score(size_t classes, F1Average average, const char* name)
      : classes_(static_cast<int64_t>(classes)), name_(name), f1_(classes_, average) {}

  const char* metric() const override { return name_; }
  const char* unit() const override { return "%"; }

  Status add(const Sample& truth, std::span<const Tensor> outputs, const Geometry&) override {
    HONE_RETURN_IF_ERROR(check(truth, outputs[0], samples(), classes_));
    return f1_.add(truth.label, arg_max(outputs[0]));
  }

  int64_t samples() const override { return f1_.samples(); }
  double value() const override { return f1_.value(); }
  double value_of(std::span<const int32_t> samples) const override { return f1_.value_of(samples); }
  std::vector<ClassScore> classes() const override {
    std::vector<ClassScore> out;
    for (double v : f1_.class_values()) out.push_back({0, v});
    for (int64_t label : f1_.labels()) ++out[static_cast<size_t>(label)].samples;
    return out;
  }

 private:
  int64_t classes_;
  const char* name_;
  F1 f1_;
};

// "top-5" -> 5; 0: it is none.
int64_t rank_asked(const std::string& metric) {
  int64_t k = 0;
  if (!metric.starts_with("top-")) return 0;
  const char *first = metric.data() + 4, *last = metric.data() + metric.size();
  const auto [end, error] = std::from_chars(first, last, k);
  return error == std::errc() && end == last && k > 0 ? k : 0;
}

Result<std::unique_ptr<Evaluator>> make(const TaskSpec& spec) {
  const size_t classes = spec.labels.size();
  if (classes == 0) return invalid("classification needs the names of its classes");
  const std::string& metric = spec.metric;
  if (const int64_t k = metric.empty() ? 1 : rank_asked(metric); k > 0) {
    return std::unique_ptr<Evaluator>(std::make_unique<Top>(classes, k));
  }
  if (metric == "f1" && classes != 2) {
    return invalid(
        fmt::format("metric 'f1' is for two classes, there are {}; f1-macro is for more", classes));
  }
  if (metric == "f1" || metric == "f1-macro") {
    const bool two = metric == "f1";
    return std::unique_ptr<Evaluator>(std::make_unique<F1Score>(
        classes, two ? F1Average::binary : F1Average::macro, two ? "F1" : "F1-macro"));
  }
  return invalid(
      fmt::format("no metric '{}'; there are top-1, top-5 and so on, f1, f1-macro", metric));
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
