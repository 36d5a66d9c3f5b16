// Any bytes as a TensorProto, a SequenceProto, a MapProto, an OptionalProto: refused, or read,
// written and read again to the same value.
#include <cstdint>
#include <cstdlib>

#include "host/model/tensor_files.h"
#include "host/model/value_files.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

using namespace hone;

model::TypeProto holding(model::TypeProto::Kind kind, model::TypeProto element) {
  model::TypeProto type;
  type.kind = kind;
  type.element = std::make_shared<const model::TypeProto>(std::move(element));
  return type;
}

bool same(const Tensor& a, const Tensor& b) {
  if (a.is_sequence() != b.is_sequence() || a.is_empty_optional() != b.is_empty_optional()) {
    return false;
  }
  if (a.dtype() != b.dtype()) return false;
  if (a.is_map() != b.is_map()) return false;
  if (a.is_plain()) return identical(a, b);
  if (a.is_map()) return same(a.keys(), b.keys()) && same(a.values(), b.values());
  if (!a.is_sequence()) return true;
  bool all = a.items().size() == b.items().size();
  for (size_t i = 0; all && i < a.items().size(); ++i) all = same(a.items()[i], b.items()[i]);
  return all;
}

void check_value(Bytes bytes, const model::TypeProto& type) {
  const auto value = model::parse_value_proto(bytes, nullptr, type);
  if (!value.ok()) {
    require(!value.status().text().empty() && value.code() != Code::internal);
    return;
  }
  const auto written = model::format_value_pb(*value, "x", type);
  const auto again = model::parse_value_proto(written, nullptr, type);
  require(again.ok() && same(*again, *value));
}

// The element type is the last byte's.
void check_values(Bytes bytes) {
  using Kind = model::TypeProto::Kind;
  model::TypeProto tensor;
  tensor.kind = Kind::tensor;
  tensor.dtype =
      static_cast<DType>(bytes.empty() ? 1 : std::to_integer<int>(bytes.back()) % 26 + 1);
  const model::TypeProto sequence = holding(Kind::sequence, tensor);
  check_value(bytes, sequence);
  model::TypeProto map = holding(Kind::map, tensor);
  map.dtype = DType::i64;
  check_value(bytes, map);
  check_value(bytes, holding(Kind::sequence, map));
  check_value(bytes, holding(Kind::optional, tensor));
  check_value(bytes, holding(Kind::optional, sequence));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  check_values(bytes);
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
