#include "host/tasks/detection/mean_average_precision.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

#include "host/tasks/detection/coco_match.h"
#include "host/tasks/detection/precision_curve.h"

namespace hone::tasks {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct OneClass {
  std::vector<coco::Found> found;
  std::vector<coco::Counts> counts;  // of pictures with truths of this class

  // Best first, of equal scores the earlier picture's: a stable sort, as NumPy's mergesort.
  void rank() {
    std::stable_sort(found.begin(), found.end(),
                     [](const coco::Found& a, const coco::Found& b) { return a.score > b.score; });
  }
};
using Classes = std::map<int32_t, OneClass>;

class Mean {
 public:
  void add(double v) { sum_ += v, ++count_; }
  double value() const { return count_ > 0 ? sum_ / count_ : nan; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

struct Measured {
  int64_t truths = 0;
  std::array<double, coco::thresholds> precision{}, recall{};
  double mean_precision() const {
    Mean m;
    for (double v : precision) m.add(v);
    return m.value();
  }
  double mean_recall() const {
    Mean m;
    for (double v : recall) m.add(v);
    return m.value();
  }
};

// `times(picture)`: how often a picture counts. The class must be ranked; without truths, nothing
// is measured.
template <class Times>
Measured measure(const OneClass& c, coco::Area area, int most, const Times& times) {
  const auto a = static_cast<size_t>(area);
  Measured m;
  for (const coco::Counts& k : c.counts) m.truths += times(k.picture) * k.truths[a];
  if (m.truths == 0) return m;
  std::vector<coco::Curve> curves(coco::thresholds, coco::Curve(m.truths));
  for (const coco::Found& f : c.found) {
    const int64_t n = times(f.picture);
    if (n == 0 || f.rank >= most) continue;
    for (size_t t = 0; t < curves.size(); ++t) {
      if ((f.ignored[a] >> t & 1) == 0) curves[t].add(f.matched[a] >> t & 1, n);
    }
  }
  for (size_t t = 0; t < curves.size(); ++t) {
    m.precision[t] = curves[t].average_precision();
    m.recall[t] = curves[t].recall();
  }
  return m;
}

// One pair of columns of the summary: an area range and a limit of boxes.
struct Column {
  coco::Area area;
  int most;
  double PrecisionSummary::*precision;  // nullptr: the summary has none
  double PrecisionSummary::*recall;
};
constexpr Column columns[] = {
    {coco::all, 1, nullptr, &PrecisionSummary::recall_1},
    {coco::all, 10, nullptr, &PrecisionSummary::recall_10},
    {coco::all, 100, &PrecisionSummary::map50_95, &PrecisionSummary::recall_100},
    {coco::small, 100, &PrecisionSummary::map_small, &PrecisionSummary::recall_small},
    {coco::medium, 100, &PrecisionSummary::map_medium, &PrecisionSummary::recall_medium},
    {coco::large, 100, &PrecisionSummary::map_large, &PrecisionSummary::recall_large},
};

}  // namespace

struct MeanAveragePrecision::Records {
  int32_t pictures = 0;
  Classes classes;

  Classes ranked() const {
    Classes sorted = classes;
    for (auto& [label, c] : sorted) c.rank();
    return sorted;
  }
};

MeanAveragePrecision::MeanAveragePrecision() : records_(std::make_unique<Records>()) {}
MeanAveragePrecision::MeanAveragePrecision(MeanAveragePrecision&&) noexcept = default;
MeanAveragePrecision& MeanAveragePrecision::operator=(MeanAveragePrecision&&) noexcept = default;
MeanAveragePrecision::~MeanAveragePrecision() = default;

void MeanAveragePrecision::add(std::span<const Box> detections, std::span<const Truth> truths) {
  struct Here {
    std::vector<Box> boxes;
    std::vector<Truth> truths;
  };
  std::map<int32_t, Here> here;
  for (const Box& box : detections) {
    if (is_finite(box)) here[box.label].boxes.push_back(box);
  }
  for (const Truth& truth : truths) here[truth.label].truths.push_back(truth);
  for (const auto& [label, h] : here) {
    assert(label >= 0);
    OneClass& c = records_->classes[label];
    const coco::Counts counts = coco::match(records_->pictures, h.boxes, h.truths, &c.found);
    if (!h.truths.empty()) c.counts.push_back(counts);
  }
  ++records_->pictures;
}

int64_t MeanAveragePrecision::pictures() const { return records_->pictures; }

PrecisionSummary MeanAveragePrecision::summary() const {
  const Classes classes = records_->ranked();
  const auto once = [](int32_t) { return int64_t{1}; };
  PrecisionSummary s;
  for (const Column& column : columns) {
    Mean precision, recall, at_50, at_75;
    for (const auto& [label, c] : classes) {
      if (c.counts.empty()) continue;
      const Measured m = measure(c, column.area, column.most, once);
      if (column.precision == &PrecisionSummary::map50_95) {
        s.classes.resize(static_cast<size_t>(label) + 1, {0, nan, nan, nan});
        if (m.truths > 0) {
          s.classes.back() = {m.truths, m.mean_precision(), m.precision[0], m.mean_recall()};
          at_50.add(m.precision[0]);
          at_75.add(m.precision[5]);
        }
      }
      if (m.truths == 0) continue;
      precision.add(m.mean_precision());
      recall.add(m.mean_recall());
    }
    s.*column.recall = recall.value();
    if (column.precision != nullptr) s.*column.precision = precision.value();
    if (column.precision == &PrecisionSummary::map50_95) {
      s.map50 = at_50.value();
      s.map75 = at_75.value();
    }
  }
  return s;
}

MapOverPictures MeanAveragePrecision::over_pictures() const {
  auto ranked = std::make_shared<const Classes>(records_->ranked());
  const auto pictures = static_cast<size_t>(records_->pictures);
  return [ranked, pictures](std::span<const int32_t> indices) {
    std::vector<int32_t> times(pictures);
    for (int32_t i : indices) ++times[static_cast<size_t>(i)];
    const auto of = [&](int32_t picture) { return int64_t{times[static_cast<size_t>(picture)]}; };
    Mean mean;
    for (const auto& [label, c] : *ranked) {
      const Measured m = measure(c, coco::all, coco::max_detections, of);
      if (m.truths > 0) mean.add(100 * m.mean_precision());
    }
    return mean.value();
  };
}

}  // namespace hone::tasks
