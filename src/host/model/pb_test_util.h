// Protocol buffers by hand, for tests: written without the code under test.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/base/cursor.h"

namespace hone::model::testing {

inline std::string varint(uint64_t v) {
  std::string out;
  for (; v >= 128; v >>= 7) out += static_cast<char>(v | 128);
  return out + static_cast<char>(v);
}
inline std::string num(uint32_t tag, int64_t v) {
  return varint(tag << 3) + varint(static_cast<uint64_t>(v));
}
// A string, a message or packed numbers.
inline std::string len(uint32_t tag, std::string_view body) {
  return varint(tag << 3 | 2) + varint(body.size()) + std::string(body);
}
template <class T>
std::string fixed(T v) {
  std::string out(sizeof(v), '\0');
  std::memcpy(out.data(), &v, sizeof(v));
  return out;
}
inline std::string f32(uint32_t tag, float v) { return varint(tag << 3 | 5) + fixed(v); }
inline Bytes bytes_of(std::string_view s) { return std::as_bytes(std::span(s.data(), s.size())); }

// Around the graph's fields: a whole model of IR version 8, operator set 17.
inline std::string model_of(const std::string& graph) {
  return num(1, 8) + len(7, graph) + len(8, num(2, 17));
}
// One node's fields, one attribute's fields, one initializer's fields in a model.
inline std::string with_node(const std::string& node) { return model_of(len(1, node)); }
inline std::string with_attribute(const std::string& attribute) {
  return with_node(len(3, "n") + len(4, "Op") + len(5, attribute));
}
inline std::string with_tensor(const std::string& tensor) { return model_of(len(5, tensor)); }

}  // namespace hone::model::testing
