// Local functions, and how domains are called.
#pragma once

#include <string>

#include "host/model/onnx.h"

namespace hone {

// Functions replaced by their bodies, deepest first. Errors: corrupt for recursion, a missing body's
// argument, more than 10^6 nodes.
Status inline_functions(model::Model* model);

// Domain as Hone knows it: "ai.onnx" is "".
inline std::string plain_domain(const std::string& domain) {
  return domain == "ai.onnx" ? std::string() : domain;
}

}  // namespace hone
