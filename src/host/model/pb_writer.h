// Protocol buffer messages written in two walks over the same code: the first measures every
// message, the second writes, so that nothing is moved and large tensors are never copied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/cursor.h"
#include "common/base/status.h"
#include "host/model/files.h"
#include "host/model/tensor.h"

namespace hone::model {

// Where the second walk writes to; keeps the first error and ignores what comes after it.
class Output {
 public:
  explicit Output(std::vector<std::byte>* buffer) : buffer_(buffer) {}
  explicit Output(AtomicFile* file) : buffer_(&pending_), file_(file) {}

  void put(Bytes bytes);
  Status finish();

 private:
  void flush();

  std::vector<std::byte> pending_;
  std::vector<std::byte>* buffer_;
  AtomicFile* file_ = nullptr;
  Status status_;
};

class PbWriter {
 public:
  // Runs body twice, see above; body() must do the same both times. Returns the number of bytes.
  template <class Body>
  int64_t measure(Body body) {
    out_ = nullptr;
    sizes_.clear();
    total_ = 0;
    body();
    return total_;
  }
  template <class Body>
  void write(Output* out, Body body) {
    out_ = out;
    next_ = 0;
    body();
  }

  void integer(uint32_t tag, int64_t value);
  void f32(uint32_t tag, float value);
  void bytes(uint32_t tag, Bytes value);
  void string(uint32_t tag, std::string_view value) {
    bytes(tag, std::as_bytes(std::span(value.data(), value.size())));
  }
  // Left out where empty, as optional strings are.
  void text(uint32_t tag, std::string_view value) {
    if (!value.empty()) string(tag, value);
  }
  template <class Body>
  void message(uint32_t tag, Body body) {
    if (out_ != nullptr) {
      key(tag, 2);
      varint(static_cast<uint64_t>(sizes_[next_++]));
      return body();
    }
    const size_t slot = sizes_.size();
    sizes_.push_back(0);
    const int64_t before = total_;
    total_ = 0;
    body();
    const int64_t size = total_;
    sizes_[slot] = size;
    total_ = before;
    key(tag, 2);
    varint(static_cast<uint64_t>(size));
    total_ += size;
  }

 private:
  void key(uint32_t tag, uint32_t wire_type) { varint(tag << 3 | wire_type); }
  void varint(uint64_t value);
  void put(Bytes bytes);

  Output* out_ = nullptr;       // null: measuring
  int64_t total_ = 0;           // of the message being measured
  std::vector<int64_t> sizes_;  // of the messages, in the order they begin
  size_t next_ = 0;
};

// The fields of a TensorProto. Data go to raw_data, or are said to lie at `offset` of `location`.
struct ExternalPlace {
  std::string location;
  int64_t offset = 0;
};
void put_tensor(PbWriter& w, const std::string& name, const Tensor& tensor,
                const ExternalPlace* external = nullptr);

}  // namespace hone::model
