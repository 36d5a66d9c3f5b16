// Any bytes as an ONNX model: refused with one line, or read, written and read again to the same.
#include <cstdint>
#include <cstdlib>

#include "host/model/onnx.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto model = model::read_model(bytes, nullptr, "");
  if (!model.ok()) {
    require(is_one_line(model.status().text()) && model.code() != Code::internal);
    return 0;
  }
  const auto written = model::serialize(*model);
  const auto again = model::read_model(written, nullptr, "");
  require(again.ok());
  require(model::serialize(*again) == written);
  return 0;
}
