// Engine or ONNX file?
#pragma once

#include <string>

#include "common/base/status.h"

namespace hone::engine {

// True where the file begins with an engine's magic, or is called .engine: what is wrong with a
// damaged one is said of an engine, not of an ONNX file. Errors: those of map_file().
Result<bool> is_engine_file(const std::string& path);

}  // namespace hone::engine
