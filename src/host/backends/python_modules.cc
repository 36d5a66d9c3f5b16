#include "host/backends/python_modules.h"

#include <fmt/format.h>

#include <sstream>

#include "host/backends/child.h"

namespace hone::backends {

namespace {

// find_spec() looks, it does not import. The folder the program stands in is no package path, and
// a folder that merely has the name (no origin, no version) is no runtime.
constexpr const char* script = R"(
import sys, importlib.util, importlib.metadata
sys.path = [p for p in sys.path if p]
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        print(name, version)
    except Exception:
        pass
)";

constexpr size_t max_output = 1 << 16;

}  // namespace

Result<std::vector<PythonModule>> importable_modules(const std::string& python,
                                                     const std::vector<std::string>& names,
                                                     int timeout_ms) {
  std::vector<std::string> command = {python, "-c", script};
  command.insert(command.end(), names.begin(), names.end());
  auto child = Child::start(command, {});
  if (child.code() == Code::not_found) {
    return error(Code::not_found, fmt::format("no interpreter '{}'", python));
  }
  if (!child.ok()) return child.status();
  auto output = child->read_all(timeout_ms, max_output);
  if (!output.ok()) {
    return error(Code::io_error, fmt::format("the interpreter {}", output.status().text()));
  }
  const std::string& text = *output;
  std::vector<PythonModule> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    found.push_back({line.substr(0, blank), line.substr(blank + 1)});
  }
  return found;
}

}  // namespace hone::backends
