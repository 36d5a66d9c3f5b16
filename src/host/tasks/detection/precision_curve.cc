#include "host/tasks/detection/precision_curve.h"

#include <algorithm>
#include <limits>

namespace hone::tasks::coco {

namespace {

// np.linspace(0, 1, 101), to the last bit.
constexpr std::array<double, Curve::recalls> recall_points() {
  std::array<double, Curve::recalls> points{};
  for (size_t i = 0; i < points.size(); ++i) points[i] = static_cast<double>(i) * (1.0 / 100);
  points.back() = 1;
  return points;
}
constexpr std::array<double, Curve::recalls> points = recall_points();

}  // namespace

void Curve::mark() {
  const double reached = recall();
  auto r = static_cast<size_t>(std::min(reached * 100, 100.0));
  while (r + 1 < points.size() && points[r + 1] <= reached) ++r;
  while (r > 0 && points[r] > reached) --r;
  const double tp = static_cast<double>(right_), fp = static_cast<double>(wrong_);
  best_[r] = std::max(best_[r], tp / (fp + tp + std::numeric_limits<double>::epsilon()));
}

double Curve::average_precision() const {
  double sum = 0, best = 0;
  for (size_t r = best_.size(); r-- > 0;) {
    best = std::max(best, best_[r]);
    sum += best;
  }
  return sum / recalls;
}

}  // namespace hone::tasks::coco
