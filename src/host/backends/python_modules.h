// Which runtimes a Python interpreter could import: asked of a child, without importing any.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::backends {

struct PythonModule {
  std::string name, version;  // version "" where its package states none
};

// Those of `names` that `python` (a path, or a name on PATH) finds, in their order. The child gets
// `timeout_ms`. Errors: not_found where there is no such interpreter, io_error where it fails.
Result<std::vector<PythonModule>> importable_modules(const std::string& python,
                                                     const std::vector<std::string>& names,
                                                     int timeout_ms = 10000);

}  // namespace hone::backends
