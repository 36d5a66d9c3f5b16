// JSON as text, for files and pipes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hone {

// indent -1: one line. Names in models, labels and paths need not be UTF-8; what is not becomes
// U+FFFD, where nlohmann's own default throws.
inline std::string json_text(const nlohmann::json& j, int indent = -1) {
  return j.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace hone
