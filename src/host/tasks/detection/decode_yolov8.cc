// YOLOv8 and its relatives without objectness (YOLOv9, YOLO11), as Ultralytics exports them: output
// [1, 4 + classes, N], a column per place: centre x, y, width, height in pixels of the input,
// scores.
#include "host/tasks/detection/decode.h"

namespace hone::tasks {

Result<std::vector<Box>> decode_yolov8(const DetectionSpec& spec, std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 1, 1));
  HONE_ASSIGN(const Rows rows, rows_of(outputs[0], 2, "the output's rows"));
  HONE_RETURN_IF_ERROR(check_classes(spec, rows.rows - 4));
  std::vector<Box> boxes;
  for (int64_t i = 0; i < rows.columns; ++i) {
    const auto score = [&](int64_t c) { return rows[4 + c][i]; };
    add_classes(spec, from_center(rows[0][i], rows[1][i], rows[2][i], rows[3][i]), rows.rows - 4,
                score, &boxes);
  }
  return boxes;
}

}  // namespace hone::tasks
