#include "host/tasks/detection/decode.h"

#include <fmt/format.h>

#include <algorithm>

namespace hone::tasks {

Result<Rows> rows_of(const Tensor& t, int axes, const std::string& what) {
  const auto fail = [&](const std::string& want) {
    return error(Code::shape_mismatch, fmt::format("{} are {}{}, not {}", what, name(t.dtype()),
                                                   to_string(t.dims()), want));
  };
  if (!is_float(t.dtype()) && !is_integer(t.dtype())) return fail("numbers");
  const int before = t.rank() - axes;
  if (before < 0) return fail(fmt::format("of at least {} axes", axes));
  Rows rows;
  rows.rows = rows.columns = 1;
  for (int i = 0; i < t.rank(); ++i) {
    const int64_t d = t.dims()[static_cast<size_t>(i)];
    if (i < before && d != 1) return fail("those of one picture");
    if (i >= before) (axes > 1 && i == before ? rows.rows : rows.columns) *= d;
  }
  rows.values.resize(static_cast<size_t>(t.count()));
  if (t.dtype() == DType::f32) {
    const auto from = t.as<float>();
    rows.values.assign(from.begin(), from.end());
  } else {
    for (size_t i = 0; i < rows.values.size(); ++i) {
      rows.values[i] = static_cast<float>(t.at(static_cast<int64_t>(i)));
    }
  }
  return rows;
}

Status check_outputs(const DetectionSpec& spec, std::span<const Tensor> outputs, size_t least,
                     size_t most) {
  if (outputs.size() >= least && outputs.size() <= most) return {};
  const std::string want =
      least == most ? std::to_string(least) : fmt::format("{} to {}", least, most);
  return error(Code::shape_mismatch, fmt::format("the decode '{}' takes {} outputs, not {}",
                                                 spec.decode, want, outputs.size()));
}

Status check_classes(const DetectionSpec& spec, int64_t found) {
  if (found > 0 && (spec.classes == 0 || spec.classes == found)) return {};
  const std::string want = spec.classes == 0 ? "" : fmt::format(", not {}", spec.classes);
  return error(Code::shape_mismatch, fmt::format("the outputs have scores of {} classes{}",
                                                 std::max(found, int64_t{0}), want));
}

Status check_input(const DetectionSpec& spec) {
  constexpr int32_t most = 65536;
  const auto fits = [](int32_t v) { return v > 0 && v <= most; };
  if (fits(spec.input_width) && fits(spec.input_height)) return {};
  return invalid(fmt::format("the decode '{}' needs the input's size, 1 to {} pixels a side",
                             spec.decode, most));
}

Box from_center(float x, float y, float width, float height) {
  Box box;
  box.x0 = x - width / 2;
  box.y0 = y - height / 2;
  box.x1 = x + width / 2;
  box.y1 = y + height / 2;
  return box;
}

Box from_shares(const DetectionSpec& spec, const float* corners) {
  const int x = spec.y_first ? 1 : 0, y = 1 - x;
  const auto width = static_cast<float>(spec.input_width);
  const auto height = static_cast<float>(spec.input_height);
  return {corners[x] * width,
          corners[y] * height,
          corners[x + 2] * width,
          corners[y + 2] * height,
          0,
          0};
}

}  // namespace hone::tasks
