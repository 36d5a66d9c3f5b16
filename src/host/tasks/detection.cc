// The task `detection`: COCO's mean average precision of the boxes that a decode finds.
#include <fmt/format.h>

#include <cmath>

#include "host/tasks/detection/mean_average_precision.h"
#include "host/tasks/evaluator.h"

namespace hone::tasks {

namespace {

// COCOeval's share in per cent; what there is nothing to measure on counts as 0.
double percent(double share) { return std::isfinite(share) ? 100 * share : 0; }

class Detection : public Evaluator {
 public:
  explicit Detection(const TaskSpec& spec) : spec_(spec) {}

  const char* metric() const override { return "mAP50-95"; }
  const char* unit() const override { return "%"; }

  Status add(const Sample& truth, std::span<const Tensor> outputs,
             const Geometry& geometry) override {
    const auto classes = static_cast<int64_t>(spec_.labels.size());
    for (const Truth& t : truth.objects) {
      if (t.label < 0 || t.label >= classes) {
        return invalid(fmt::format("sample {} shows an object of class {}, there are {} classes",
                                   samples(), t.label, classes));
      }
    }
    HONE_ASSIGN(std::vector<Box> boxes, detect(spec_.detection, outputs, geometry));
    for (const Box& b : boxes) {
      if (b.label < classes) continue;
      return Status(Code::shape_mismatch,
                    fmt::format("the model finds class {}, there are {} labels", b.label, classes));
    }
    precision_.add(boxes, truth.objects);
    over_pictures_ = nullptr;
    return {};
  }

  int64_t samples() const override { return precision_.pictures(); }
  double value() const override { return percent(precision_.summary().map50_95); }

  double value_of(std::span<const int32_t> samples) const override {
    if (!over_pictures_) over_pictures_ = precision_.over_pictures();
    const double v = over_pictures_(samples);
    return std::isfinite(v) ? v : 0;
  }

  std::vector<ClassScore> classes() const override {
    std::vector<ClassScore> out(spec_.labels.size());
    const PrecisionSummary s = precision_.summary();
    for (size_t c = 0; c < std::min(out.size(), s.classes.size()); ++c) {
      out[c] = {s.classes[c].truths, percent(s.classes[c].map50_95)};
    }
    return out;
  }

 private:
  TaskSpec spec_;
  MeanAveragePrecision precision_;
  mutable MapOverPictures over_pictures_;  // of what was added when it was last asked for
};

Result<std::unique_ptr<Evaluator>> make(const TaskSpec& spec) {
  if (spec.labels.empty()) return invalid("detection needs the names of its classes");
  if (find_decode(spec.detection.decode) == nullptr) {
    return invalid(fmt::format("no decode '{}'", spec.detection.decode));
  }
  return std::unique_ptr<Evaluator>(std::make_unique<Detection>(spec));
}

}  // namespace

extern const Task detection_task;
const Task detection_task = {"detection", make};

}  // namespace hone::tasks
