// Any bytes as a YOLO label file: refused with one line, or objects inside the picture's measures.
#include <cstdint>
#include <cstdlib>

#include "host/tasks/detection/yolo_labels.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto truths = hone::tasks::parse_yolo_labels(text, "f", 80, 640, 480);
  if (!truths.ok()) {
    const std::string& why = truths.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(truths.code() == hone::Code::corrupt || truths.code() == hone::Code::unsupported);
    return 0;
  }
  require(truths->size() <= size / 9 + 1);  // five numbers and their blanks
  for (const hone::tasks::Truth& t : *truths) {
    require(t.label >= 0 && t.label < 80 && !t.crowd);
    require(t.width >= 0 && t.width <= 640 && t.height >= 0 && t.height <= 480);
    require(t.x >= -320 && t.x <= 640 && t.y >= -240 && t.y <= 480);
  }
  return 0;
}
