// ByteCursor: the only way Hone walks bytes it did not write. Every read is charged against what
// remains, by subtraction, so no length in a file can make it look past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace hone {

using Bytes = std::span<const std::byte>;

class ByteCursor {
 public:
  explicit ByteCursor(Bytes bytes) : bytes_(bytes) {}

  size_t position() const { return at_; }
  size_t remaining() const { return bytes_.size() - at_; }

  // Each returns false, and moves nothing, where too few bytes remain.
  [[nodiscard]] bool skip(uint64_t n) {
    if (n > remaining()) return false;
    at_ += static_cast<size_t>(n);
    return true;
  }
  [[nodiscard]] bool take(uint64_t n, Bytes* out) {
    if (n > remaining()) return false;
    *out = bytes_.subspan(at_, static_cast<size_t>(n));
    at_ += static_cast<size_t>(n);
    return true;
  }
  // A little-endian value of a trivially copyable type (all our hosts and devices are little).
  template <class T>
  [[nodiscard]] bool read(T* out) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (sizeof(T) > remaining()) return false;
    std::memcpy(out, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }

 private:
  Bytes bytes_;
  size_t at_ = 0;
};

}  // namespace hone
