// Members of an object in a file that others wrote: there or not, of the right type or refused.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace hone::tasks::text {

using Json = nlohmann::json;

// Null where `j` is no object, has no such member, or has a null there.
const Json* find_member(const Json& j, const char* key);

// Without a fallback the member must be there. Errors: corrupt, naming the key.
Result<bool> flag(const Json& j, const char* key, std::optional<bool> fallback = {});
Result<std::string> string_of(const Json& j, const char* key,
                              std::optional<std::string> fallback = {});
// 0 <= value <= limit.
Result<int64_t> number(const Json& j, const char* key, int64_t limit,
                       std::optional<int64_t> fallback = {});

}  // namespace hone::tasks::text
