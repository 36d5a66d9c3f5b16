// What the units of decodes.inc share.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/tasks/detection/detector.h"

namespace hone::tasks {

#define HONE_DECODE(name, function) \
  Result<std::vector<Box>> decode_##function(const DetectionSpec&, std::span<const Tensor>);
#include "host/tasks/detection/decodes.inc"
#undef HONE_DECODE

// The last two axes of a tensor in f32.
struct Rows {
  std::vector<float> values;
  int64_t rows = 0, columns = 0;

  const float* operator[](int64_t r) const { return values.data() + r * columns; }
  float* operator[](int64_t r) { return values.data() + r * columns; }
};
// Axes before the last `axes` are 1. With axes 3 the first of them is the rows, the other two
// the columns; with 1 there is one row, with 0 one number. Errors: shape_mismatch, which names the
// tensor as `what`.
Result<Rows> rows_of(const Tensor& t, int axes, const std::string& what);

// shape_mismatch where there are fewer than `least` or more than `most` outputs.
Status check_outputs(const DetectionSpec& spec, std::span<const Tensor> outputs, size_t least,
                     size_t most);
// Of boxes and scores: shape_mismatch unless these are the classes of the spec, at least one.
Status check_classes(const DetectionSpec& spec, int64_t found);
// invalid_argument without the input's size.
Status check_input(const DetectionSpec& spec);

// Adds `box` with each class whose score is above the threshold, or the best of them. `score(c)`
// is that of class c.
template <class Score>
void add_classes(const DetectionSpec& spec, Box box, int64_t classes, const Score& score,
                 std::vector<Box>* out) {
  box.score = spec.nms.score_threshold;
  bool any = false;
  for (int64_t c = 0; c < classes; ++c) {
    const float s = score(c);
    if (!(s > (spec.multi_label ? spec.nms.score_threshold : box.score))) continue;
    box.score = s;
    box.label = static_cast<int32_t>(c);
    any = true;
    if (spec.multi_label) out->push_back(box);
  }
  if (any && !spec.multi_label) out->push_back(box);
}

Box from_center(float x, float y, float width, float height);
// Two corners as shares of the input, x or y first as the spec says.
Box from_shares(const DetectionSpec& spec, const float* corners);

}  // namespace hone::tasks
