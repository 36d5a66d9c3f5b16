#include "host/tasks/detection/boxes.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hone::tasks {

float iou(const Box& a, const Box& b) {
  const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  if (!(width > 0 && height > 0)) return 0;
  const float common = width * height;
  const float ratio =
      common / ((a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0) - common);
  return ratio > 0 ? ratio : 0;  // NaN: areas beyond f32
}

bool is_finite(const Box& box) {
  const float all[] = {box.x0, box.y0, box.x1, box.y1, box.score};
  return std::all_of(std::begin(all), std::end(all), [](float v) { return std::isfinite(v); });
}

}  // namespace hone::tasks
