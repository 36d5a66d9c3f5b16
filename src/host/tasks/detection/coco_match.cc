#include "host/tasks/detection/coco_match.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hone::tasks::coco {

namespace {

struct Range {
  double least, most;
  bool holds(double area) const { return !(area < least || area > most); }
};
constexpr Range ranges[areas] = {{0, 1e10}, {0, 32 * 32.}, {32 * 32., 96 * 96.}, {96 * 96., 1e10}};

// np.linspace(.5, .95, 10), to the last bit: a box of exactly this overlap counts.
constexpr std::array<double, thresholds> iou_thresholds() {
  std::array<double, thresholds> t{};
  const double step = (.95 - .5) / (thresholds - 1);
  for (int i = 0; i < thresholds; ++i) t[static_cast<size_t>(i)] = i * step + .5;
  t.back() = .95;
  return t;
}
constexpr std::array<double, thresholds> levels = iou_thresholds();

// x, y, width, height: the form in which pycocotools holds and compares boxes.
struct Rect {
  double x, y, width, height;
  double area() const { return width * height; }
};
Rect rect(const Box& b) {
  return {b.x0, b.y0, static_cast<double>(b.x1) - b.x0, static_cast<double>(b.y1) - b.y0};
}
double area(const Truth& t) { return t.area < 0 ? t.width * t.height : t.area; }

// bbIou of its maskApi.c: of a crowd, what share of the detection lies in it.
double overlap(const Rect& d, const Truth& g) {
  const double width = std::fmin(d.width + d.x, g.width + g.x) - std::fmax(d.x, g.x);
  const double height = std::fmin(d.height + d.y, g.height + g.y) - std::fmax(d.y, g.y);
  if (width <= 0 || height <= 0) return 0;
  const double common = width * height;
  return common / (g.crowd ? d.area() : d.area() + g.width * g.height - common);
}

class Matcher {
 public:
  Matcher(std::span<const Rect> boxes, std::span<const Truth> truths)
      : boxes_(boxes), truths_(truths), overlaps_(boxes.size() * truths.size()) {
    for (size_t d = 0; d < boxes.size(); ++d) {
      for (size_t g = 0; g < truths.size(); ++g) {
        overlaps_[d * truths.size() + g] = overlap(boxes[d], truths[g]);
      }
    }
  }

  // The marks of all boxes in one area range; returns how many truths count in it.
  int32_t match(int a, std::span<Found> found) {
    sort_truths(ranges[a]);
    for (int t = 0; t < thresholds; ++t) match(a, t, found);
    return static_cast<int32_t>(counting_);
  }

 private:
  // Those that do not count in this range stand last; otherwise in the order given.
  void sort_truths(const Range& range) {
    order_.resize(truths_.size());
    std::iota(order_.begin(), order_.end(), 0);
    const auto counts = [&](size_t g) {
      return !truths_[g].crowd && range.holds(area(truths_[g]));
    };
    const auto middle = std::stable_partition(order_.begin(), order_.end(), counts);
    counting_ = static_cast<size_t>(middle - order_.begin());
  }

  void match(int a, int t, std::span<Found> found) {
    const auto area_index = static_cast<size_t>(a);
    const auto bit = static_cast<uint16_t>(1u << t);
    taken_.assign(truths_.size(), 0);
    for (size_t d = 0; d < boxes_.size(); ++d) {
      const size_t k = best(d, std::min(levels[static_cast<size_t>(t)], 1 - 1e-10));
      if (k < order_.size()) {
        taken_[k] = 1;
        found[d].matched[area_index] |= bit;
        if (k >= counting_) found[d].ignored[area_index] |= bit;
      } else if (!ranges[a].holds(boxes_[d].area())) {
        found[d].ignored[area_index] |= bit;
      }
    }
  }

  // The place in order_ of the free truth that overlaps box d most, by at least `least`; of equal
  // ones the last. One that counts is preferred to any that does not.
  size_t best(size_t d, double least) const {
    size_t best = order_.size();
    for (size_t k = 0; k < order_.size(); ++k) {
      if (taken_[k] && !truths_[order_[k]].crowd) continue;
      if (best < counting_ && k >= counting_) break;
      const double o = overlaps_[d * truths_.size() + order_[k]];
      if (o < least) continue;
      least = o;
      best = k;
    }
    return best;
  }

  std::span<const Rect> boxes_;
  std::span<const Truth> truths_;
  std::vector<double> overlaps_;
  std::vector<size_t> order_;
  size_t counting_ = 0;
  std::vector<char> taken_;
};

}  // namespace

Counts match(int32_t picture, std::span<const Box> boxes, std::span<const Truth> truths,
             std::vector<Found>* found) {
  std::vector<size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return boxes[a].score > boxes[b].score; });
  order.resize(std::min(order.size(), static_cast<size_t>(max_detections)));
  std::vector<Rect> rects;
  const size_t first = found->size();
  for (size_t d : order) {
    Found f;
    f.score = boxes[d].score;
    f.picture = picture;
    f.rank = static_cast<int32_t>(rects.size());
    found->push_back(f);
    rects.push_back(rect(boxes[d]));
  }
  Matcher matcher(rects, truths);
  Counts counts;
  counts.picture = picture;
  for (int a = 0; a < areas; ++a) {
    counts.truths[static_cast<size_t>(a)] = matcher.match(a, std::span(*found).subspan(first));
  }
  return counts;
}

}  // namespace hone::tasks::coco
