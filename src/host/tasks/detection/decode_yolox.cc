// YOLOX (Ge et al., 2021), as its export_onnx.py writes it: output [1, N, 5 + classes], a row per
// grid cell, finest grid first, cells in order of y, x: offsets in cells, logarithms of the size in
// cells, objectness and class scores, which went through their sigmoids.
#include <fmt/format.h>

#include <cmath>

#include "common/base/checked.h"
#include "host/tasks/detection/decode.h"

namespace hone::tasks {

namespace {

Result<Rows> rows_of_output(const DetectionSpec& spec, std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 1, 1));
  HONE_ASSIGN(Rows rows, rows_of(outputs[0], 2, "the output's rows"));
  HONE_RETURN_IF_ERROR(check_classes(spec, rows.columns - 5));
  return rows;
}

void add_row(const DetectionSpec& spec, const Box& box, const float* row, int64_t columns,
             std::vector<Box>* out) {
  const auto score = [row](int64_t c) { return row[4] * row[5 + c]; };
  add_classes(spec, box, columns - 5, score, out);
}

}  // namespace

Result<std::vector<Box>> decode_yolox(const DetectionSpec& spec, std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_input(spec));
  HONE_ASSIGN(const Rows rows, rows_of_output(spec, outputs));
  int64_t cells = 0;
  for (int32_t stride : spec.strides) {
    if (stride <= 0) return invalid("a stride is not above 0");
    cells += ceil_div(spec.input_width, stride) * ceil_div(spec.input_height, stride);
  }
  if (cells != rows.rows) {
    return error(Code::shape_mismatch,
                 fmt::format("the output has {} rows; the grids of a {}x{} input with strides {} "
                             "have {} cells",
                             rows.rows, spec.input_width, spec.input_height,
                             fmt::join(spec.strides, ", "), cells));
  }
  std::vector<Box> boxes;
  int64_t r = 0;
  for (int32_t stride : spec.strides) {
    const auto s = static_cast<float>(stride);
    const int64_t columns = ceil_div(spec.input_width, stride);
    const int64_t end = r + columns * ceil_div(spec.input_height, stride);
    for (int64_t cell = 0; r < end; ++r, ++cell) {
      const float* row = rows[r];
      const auto x = static_cast<float>(cell % columns), y = static_cast<float>(cell / columns);
      const Box box = from_center((row[0] + x) * s, (row[1] + y) * s, std::exp(row[2]) * s,
                                  std::exp(row[3]) * s);
      add_row(spec, box, row, rows.columns, &boxes);
    }
  }
  return boxes;
}

// The same rows with centre and size in pixels: exports that decode in the graph (YOLOX's
// --decode_in_inference), and YOLOv5's.
Result<std::vector<Box>> decode_yolox_decoded(const DetectionSpec& spec,
                                              std::span<const Tensor> outputs) {
  HONE_ASSIGN(const Rows rows, rows_of_output(spec, outputs));
  std::vector<Box> boxes;
  for (int64_t r = 0; r < rows.rows; ++r) {
    const float* row = rows[r];
    add_row(spec, from_center(row[0], row[1], row[2], row[3]), row, rows.columns, &boxes);
  }
  return boxes;
}

}  // namespace hone::tasks
