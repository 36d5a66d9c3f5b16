#include "host/model/pb_writer.h"

#include <cstring>

#include "host/model/onnx_fields.h"

namespace hone::model {

void Output::put(Bytes bytes) {
  constexpr size_t buffered = 1 << 20;
  if (file_ == nullptr || bytes.size() < buffered) {
    buffer_->insert(buffer_->end(), bytes.begin(), bytes.end());
    if (file_ != nullptr && pending_.size() >= buffered) flush();
    return;
  }
  flush();
  if (status_.ok()) status_ = file_->append(bytes);
}

void Output::flush() {
  if (status_.ok()) status_ = file_->append(pending_);
  pending_.clear();
}

Status Output::finish() {
  if (file_ != nullptr) flush();
  return status_;
}

void PbWriter::put(Bytes bytes) {
  if (out_ != nullptr) {
    out_->put(bytes);
  } else {
    total_ += static_cast<int64_t>(bytes.size());
  }
}

void PbWriter::varint(uint64_t value) {
  std::byte encoded[10];
  size_t n = 0;
  for (; value >= 128; value >>= 7) encoded[n++] = static_cast<std::byte>(value | 128);
  encoded[n++] = static_cast<std::byte>(value);
  put({encoded, n});
}

void PbWriter::integer(uint32_t tag, int64_t value) {
  key(tag, 0);
  varint(static_cast<uint64_t>(value));
}

void PbWriter::f32(uint32_t tag, float value) {
  std::byte encoded[sizeof(value)];
  std::memcpy(encoded, &value, sizeof(value));
  key(tag, 5);
  put(encoded);
}

void PbWriter::bytes(uint32_t tag, Bytes value) {
  key(tag, 2);
  varint(value.size());
  put(value);
}

void put_tensor(PbWriter& w, const std::string& name, const Tensor& tensor,
                const ExternalPlace* external) {
  namespace f = field::tensor;
  const auto entry = [&](const char* key, const std::string& value) {
    w.message(f::external_data, [&] {
      w.string(field::entry::key, key);
      w.string(field::entry::value, value);
    });
  };
  for (int64_t d : tensor.dims()) w.integer(f::dims, d);
  w.integer(f::data_type, static_cast<int64_t>(tensor.dtype()));
  if (tensor.dtype() == DType::string) {
    for (const std::string& s : tensor.as_strings()) w.string(f::string_data, s);
  }
  w.text(f::name, name);
  if (external != nullptr) {
    entry("location", external->location);
    entry("offset", std::to_string(external->offset));
    entry("length", std::to_string(tensor.bytes()));
    w.integer(f::data_location, 1);
  } else if (tensor.dtype() != DType::string) {
    w.bytes(f::raw_data, tensor.raw_bytes());
  }
}

}  // namespace hone::model
