// What a model's outputs are worth: an evaluator takes samples in order and gives the metric over
// all of them, over any of them (paired comparisons draw samples anew), and by class.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/model/tensor.h"
#include "host/tasks/dataset.h"
#include "host/tasks/detection/detector.h"
#include "host/tasks/psnr.h"

namespace hone::tasks {

// An output table of hone.toml.
struct TaskSpec {
  std::string task;                  // a row of tasks.inc; "": none
  std::string metric;                // of a classification: "top-K", "f1", "f1-macro"; "": top-1
  std::vector<std::string> labels;   // names of the classes
  std::vector<std::string> outputs;  // of the model, that the task takes; empty: the table's own
  DetectionSpec detection;           // task = "detection"
  PsnrOptions psnr;                  // task = "super_resolution"
};

struct ClassScore {
  int64_t samples = 0;
  double value = 0;  // in the metric's unit
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual const char* metric() const = 0;  // "top-1", "mAP50-95"
  virtual const char* unit() const = 0;    // "%", "dB"
  // One sample and what the model made of it: the task's outputs in order. `geometry`: how its
  // picture became the input. Errors: shape_mismatch where an output is not what the task expects,
  // invalid_argument for a label that does not exist.
  virtual Status add(const Sample& truth, std::span<const Tensor> outputs,
                     const Geometry& geometry) = 0;
  virtual int64_t samples() const = 0;
  virtual double value() const = 0;
  // Over these samples; an index may stand there more than once, and counts as often.
  virtual double value_of(std::span<const int32_t> samples) const = 0;
  // By class, in the order of the labels; empty where the metric knows none.
  virtual std::vector<ClassScore> classes() const { return {}; }
  // Where the metric is the share of right answers: 1 or 0 per sample, and its class.
  virtual std::span<const uint8_t> hits() const { return {}; }
  virtual std::span<const int64_t> truths() const { return {}; }
};

// Errors: invalid_argument for a task that does not exist, or lacks what it needs.
Result<std::unique_ptr<Evaluator>> make_evaluator(const TaskSpec& spec);

struct Task {
  const char* name;
  Result<std::unique_ptr<Evaluator>> (*make)(const TaskSpec&);
};
std::span<const Task* const> all_tasks();

}  // namespace hone::tasks
