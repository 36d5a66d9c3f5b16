// Models that end with finished detections.
#include <fmt/format.h>

#include <cmath>

#include "host/tasks/detection/decode.h"

namespace hone::tasks {

namespace {

// A label as a float: false where it is none, or of the background.
Result<bool> set_label(const DetectionSpec& spec, float value, Box* box) {
  constexpr float most = 1 << 24;  // beyond it f32 skips numbers
  const float label = std::round(value) - static_cast<float>(spec.label_offset);
  if (!(label >= 0)) return false;
  if (label >= (spec.classes > 0 ? static_cast<float>(spec.classes) : most)) {
    return error(Code::shape_mismatch,
                 fmt::format("a detection has class {}, there are {}", label, spec.classes));
  }
  box->label = static_cast<int32_t>(label);
  return true;
}

Status add(const DetectionSpec& spec, Box box, float label, float score, std::vector<Box>* out) {
  if (!(score > spec.nms.score_threshold)) return {};
  box.score = score;
  HONE_ASSIGN(const bool known, set_label(spec, label, &box));
  if (known) out->push_back(box);
  return {};
}

}  // namespace

// TFLite's DetectionPostProcess and TensorFlow's exports (y_first): boxes [1, K, 4] as shares of
// the input, classes [1, K], scores [1, K], and how many of them count [1] (all, where it is
// missing).
Result<std::vector<Box>> decode_detections(const DetectionSpec& spec,
                                           std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_input(spec));
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 3, 4));
  HONE_ASSIGN(const Rows corners, rows_of(outputs[0], 2, "the boxes"));
  HONE_ASSIGN(const Rows labels, rows_of(outputs[1], 1, "the classes"));
  HONE_ASSIGN(const Rows scores, rows_of(outputs[2], 1, "the scores"));
  int64_t count = corners.rows;
  if (corners.columns != 4 || labels.columns != count || scores.columns != count) {
    return error(Code::shape_mismatch,
                 fmt::format("boxes {}, classes {} and scores {} are not [K,4], [K] and [K]",
                             to_string(outputs[0].dims()), to_string(outputs[1].dims()),
                             to_string(outputs[2].dims())));
  }
  if (outputs.size() == 4) {
    HONE_ASSIGN(const Rows valid, rows_of(outputs[3], 0, "the number of detections"));
    const float n = valid.columns == 1 ? valid.values[0] : -1;
    if (!(n >= 0 && n <= static_cast<float>(count))) {
      return error(Code::shape_mismatch, fmt::format("{} detections count, of {}", n, count));
    }
    count = std::lround(n);
  }
  std::vector<Box> boxes;
  for (int64_t i = 0; i < count; ++i) {
    HONE_RETURN_IF_ERROR(
        add(spec, from_shares(spec, corners[i]), labels[0][i], scores[0][i], &boxes));
  }
  return boxes;
}

// YOLOv10's and other end-to-end exports: rows [1, K, 6] of x0, y0, x1, y1 in pixels of the input,
// score, class.
Result<std::vector<Box>> decode_end_to_end(const DetectionSpec& spec,
                                           std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 1, 1));
  HONE_ASSIGN(const Rows rows, rows_of(outputs[0], 2, "the detections"));
  if (rows.columns != 6) {
    return error(Code::shape_mismatch,
                 fmt::format("detections {} are not [K,6]", to_string(outputs[0].dims())));
  }
  std::vector<Box> boxes;
  for (int64_t i = 0; i < rows.rows; ++i) {
    const float* v = rows[i];
    HONE_RETURN_IF_ERROR(add(spec, {v[0], v[1], v[2], v[3], 0, 0}, v[5], v[4], &boxes));
  }
  return boxes;
}

}  // namespace hone::tasks
