// Tokens and their numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hone::tasks::text {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};

using Vocabulary = std::unordered_map<std::string, int32_t, StringHash, std::equal_to<>>;

// -1 where it has none.
inline int32_t find_id(const Vocabulary& v, std::string_view token) {
  const auto found = v.find(token);
  return found == v.end() ? -1 : found->second;
}

}  // namespace hone::tasks::text
