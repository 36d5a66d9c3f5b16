// Any bytes as a .npy file: refused, or read, written and read again to the same tensor.
#include <cstdint>
#include <cstdlib>

#include "host/model/tensor_files.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto tensor = model::parse_npy(bytes, nullptr);
  if (!tensor.ok()) {
    require(!tensor.status().text().empty() && tensor.code() != Code::internal);
    return 0;
  }
  const auto written = model::format_npy(*tensor);
  require(written.ok());
  const auto again = model::parse_npy(*written, nullptr);
  require(again.ok() && identical(*again, *tensor));
  return 0;
}
