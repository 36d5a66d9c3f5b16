// Whose operators a domain holds.
#pragma once

#include <string_view>

namespace hone::graph {

// Not ONNX's, not ONNX Runtime's, not Hone's: the user's own, or another tool's.
inline bool is_foreign_domain(std::string_view domain) {
  return !domain.empty() && !domain.starts_with("ai.onnx") &&
         !domain.starts_with("com.microsoft") && !domain.starts_with("ai.hone");
}

}  // namespace hone::graph
