// What the bytes of a fuzz target's input mean where they are read as choices, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hone::fuzz {

class ByteStream {
 public:
  ByteStream(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  uint8_t byte() { return empty() ? 0 : *at_++; }  // 0 behind the end
  uint16_t word() {
    const auto low = byte();
    return static_cast<uint16_t>(low | byte() << 8);
  }
  // In [0, n), n <= 65536.
  size_t below(size_t n) { return n <= 1 ? 0 : (n <= 256 ? byte() : word()) % n; }
  bool flag() { return (byte() & 1) != 0; }
  template <class T, size_t n>
  const T& one_of(const T (&table)[n]) {
    return table[below(n)];
  }

 private:
  const uint8_t *at_, *end_;
};

}  // namespace hone::fuzz
