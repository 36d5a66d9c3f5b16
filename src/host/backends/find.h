// Where other people's runtimes are: which Python, which adapter.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::backends {

// $HONE_PYTHON; else the one of `./dev peers` or of the tests beside the build that this program
// stands in; else "python3".
std::string python();

// Adapters that this program brings along, by name.
std::vector<std::string> known_backends();

struct Command {
  std::string name;                // "openvino"; of a file, its name without .py
  std::vector<std::string> words;  // what to start
};
// `backend`: one of known_backends(), or the path of an adapter: a .py file with a class Backend,
// or a program that speaks the protocol itself. A name has neither '/' nor '.'. The adapters are
// searched in $HONE_BACKENDS, ../share/hone/backends beside the program, and the source tree of
// the build that it stands in. Errors: not_found.
Result<Command> find_backend(const std::string& backend);

}  // namespace hone::backends
