// Status and Result<T> of the device: the text is a fixed buffer, so an error never allocates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/result.h"

namespace hone {

// Text of at most 255 bytes, always terminated; what does not fit is cut.
class FixedText {
 public:
  FixedText() = default;
  explicit FixedText(const char* s) { *this << s; }
  const char* c_str() const { return text_; }
  size_t size() const { return size_; }

  FixedText& operator<<(const char* s) {
    if (s == nullptr) s = "";
    while (*s != 0 && size_ + 1 < sizeof(text_)) text_[size_++] = *s++;
    text_[size_] = 0;
    return *this;
  }
  FixedText& operator<<(int64_t v) {
    char digits[24];
    int n = 0;
    uint64_t u = v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    do {
      digits[n++] = static_cast<char>('0' + u % 10);
      u /= 10;
    } while (u != 0);
    if (v < 0) digits[n++] = '-';
    while (n > 0 && size_ + 1 < sizeof(text_)) text_[size_++] = digits[--n];
    text_[size_] = 0;
    return *this;
  }
  FixedText& operator<<(int32_t v) { return *this << static_cast<int64_t>(v); }
  FixedText& operator<<(uint32_t v) { return *this << static_cast<int64_t>(v); }
  FixedText& operator<<(uint64_t v) { return *this << static_cast<int64_t>(v); }

 private:
  char text_[256] = {};
  size_t size_ = 0;
};

namespace device {

using Status = BasicStatus<FixedText>;
template <class T>
using Result = BasicResult<T, FixedText>;

inline Status error(Code code, const char* text) { return {code, FixedText(text)}; }
// error(Code::corrupt, FixedText() << "step " << i << " reads past its buffer")
inline Status error(Code code, const FixedText& text) { return {code, text}; }

}  // namespace device
}  // namespace hone
