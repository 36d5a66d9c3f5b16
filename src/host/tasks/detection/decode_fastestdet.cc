// FastestDet (dog-qiuqiu, 2022): output [1, 5 + classes, h, w], one grid over the whole input. Per
// cell: objectness; offsets of the centre in cells through tanh; size as a share of the input
// through a sigmoid; class scores after their softmax. A box scores objectness^0.6 class^0.4.
#include <fmt/format.h>

#include <cmath>

#include "host/tasks/detection/decode.h"

namespace hone::tasks {

namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

Result<std::vector<Box>> decode_fastestdet(const DetectionSpec& spec,
                                           std::span<const Tensor> outputs) {
  HONE_RETURN_IF_ERROR(check_input(spec));
  HONE_RETURN_IF_ERROR(check_outputs(spec, outputs, 1, 1));
  HONE_ASSIGN(const Rows rows, rows_of(outputs[0], 3, "the output's planes"));
  HONE_RETURN_IF_ERROR(check_classes(spec, rows.rows - 5));
  const int64_t columns = outputs[0].dims().back();
  const int64_t lines = columns > 0 ? rows.columns / columns : 0;
  const auto width = static_cast<float>(spec.input_width);
  const auto height = static_cast<float>(spec.input_height);
  std::vector<Box> boxes;
  for (int64_t i = 0; i < rows.columns; ++i) {
    const float x = static_cast<float>(i % columns) + std::tanh(rows[1][i]);
    const float y = static_cast<float>(i / columns) + std::tanh(rows[2][i]);
    const Box box =
        from_center(x / static_cast<float>(columns) * width, y / static_cast<float>(lines) * height,
                    sigmoid(rows[3][i]) * width, sigmoid(rows[4][i]) * height);
    const float object = std::pow(rows[0][i], 0.6f);
    const auto score = [&](int64_t c) { return object * std::pow(rows[5 + c][i], 0.4f); };
    add_classes(spec, box, rows.rows - 5, score, &boxes);
  }
  return boxes;
}

}  // namespace hone::tasks
