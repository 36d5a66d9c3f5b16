#include "host/tasks/text/json_members.h"

#include <fmt/format.h>

namespace hone::tasks::text {

const Json* find_member(const Json& j, const char* key) {
  if (!j.is_object()) return nullptr;
  const auto found = j.find(key);
  return found == j.end() || found->is_null() ? nullptr : &*found;
}

Result<bool> flag(const Json& j, const char* key, std::optional<bool> fallback) {
  const Json* m = find_member(j, key);
  if (m == nullptr && fallback) return *fallback;
  if (m == nullptr || !m->is_boolean()) {
    return corrupt(fmt::format("'{}' is not true or false", key));
  }
  return m->get<bool>();
}

Result<std::string> string_of(const Json& j, const char* key, std::optional<std::string> fallback) {
  const Json* m = find_member(j, key);
  if (m == nullptr && fallback) return *fallback;
  if (m == nullptr || !m->is_string()) return corrupt(fmt::format("'{}' is not a string", key));
  return m->get<std::string>();
}

Result<int64_t> number(const Json& j, const char* key, int64_t limit,
                       std::optional<int64_t> fallback) {
  const Json* m = find_member(j, key);
  if (m == nullptr && fallback) return *fallback;
  if (m == nullptr || !m->is_number_unsigned() ||
      m->get<uint64_t>() > static_cast<uint64_t>(limit)) {
    return corrupt(fmt::format("'{}' is not a number from 0 to {}", key, limit));
  }
  return m->get<int64_t>();
}

}  // namespace hone::tasks::text
