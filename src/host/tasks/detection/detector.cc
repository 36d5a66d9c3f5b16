#include "host/tasks/detection/detector.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "host/tasks/detection/decode.h"

namespace hone::tasks {

namespace {

struct Unit {
  const char* name;
  Decode decode;
};
constexpr Unit units[] = {
#define HONE_DECODE(name, function) {name, decode_##function},
#include "host/tasks/detection/decodes.inc"
#undef HONE_DECODE
};

Box map_back(const Geometry& g, bool clip, const Box& box) {
  const auto map = [clip](float v, double from, double scale, int32_t size) {
    const double p = (v - from) / scale;
    return static_cast<float>(clip ? std::clamp(p, 0., static_cast<double>(size)) : p);
  };
  Box out = box;
  out.x0 = map(box.x0, g.left, g.scale_x, g.picture_width);
  out.x1 = map(box.x1, g.left, g.scale_x, g.picture_width);
  out.y0 = map(box.y0, g.top, g.scale_y, g.picture_height);
  out.y1 = map(box.y1, g.top, g.scale_y, g.picture_height);
  return out;
}

}  // namespace

Decode find_decode(const std::string& name) {
  for (const Unit& unit : units) {
    if (name == unit.name) return unit.decode;
  }
  return nullptr;
}

std::vector<std::string> decode_names() {
  std::vector<std::string> names;
  for (const Unit& unit : units) names.emplace_back(unit.name);
  return names;
}

Result<std::vector<Box>> detect(const DetectionSpec& spec, std::span<const Tensor> outputs,
                                const Geometry& geometry) {
  const Decode decode = find_decode(spec.decode);
  if (decode == nullptr) {
    return error(Code::not_found, fmt::format("no decode is called '{}'; there are {}", spec.decode,
                                              fmt::join(decode_names(), ", ")));
  }
  if (geometry.picture_width <= 0 || geometry.picture_height <= 0 || !(geometry.scale_x > 0) ||
      !(geometry.scale_y > 0)) {
    return invalid("the picture has no size");
  }
  HONE_ASSIGN(std::vector<Box> boxes, decode(spec, outputs));
  NmsOptions options = spec.nms;
  if (!spec.suppress) options.iou_threshold = std::numeric_limits<float>::infinity();
  boxes = nms(std::move(boxes), options);
  for (Box& box : boxes) box = map_back(geometry, spec.clip, box);
  // Wholly outside of the picture, or of no size.
  if (spec.clip) std::erase_if(boxes, [](const Box& b) { return !(b.x1 > b.x0 && b.y1 > b.y0); });
  return boxes;
}

}  // namespace hone::tasks
