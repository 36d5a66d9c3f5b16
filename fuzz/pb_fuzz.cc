// Any bytes as a TensorProto: refused, or read, written and read again to the same tensor.
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
  std::string name;
  const auto tensor = model::parse_tensor_proto(bytes, nullptr, &name);
  if (!tensor.ok()) {
    require(!tensor.status().text().empty() && tensor.code() != Code::internal);
    return 0;
  }
  if (tensor->dtype() != DType::string) {
    double sum = 0;
    for (double v : to_doubles(*tensor)) sum += v;
    for (int64_t v : to_ints(*tensor)) sum += static_cast<double>(v);
    require(tensor->count() > 0 || sum == 0);
  }
  const auto written = model::format_pb(*tensor, name);
  std::string name_again;
  const auto again = model::parse_tensor_proto(written, nullptr, &name_again);
  require(again.ok() && identical(*again, *tensor) && name_again == name);
  return 0;
}
