#include "host/backends/find.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace hone::backends {

namespace fs = std::filesystem;

namespace {

// A test's program stands in the build folder too, as the program itself does.
fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

constexpr const char* child_script = "_child.py";

// "" where this program brings no adapters.
fs::path adapters() {
  std::string given = from_environment("HONE_BACKENDS");
  if (!given.empty()) return given;
  fs::path here = program_folder();
  for (const fs::path& folder :
       {here / "../share/hone/backends", here / "../../python/hone/backends"}) {
    if (is_there(folder / child_script)) return folder.lexically_normal();
  }
  return {};
}

}  // namespace

std::string python() {
  std::string given = from_environment("HONE_PYTHON");
  if (!given.empty()) return given;
  fs::path here = program_folder();
  for (const char* environment : {"../peers/bin/python", "../venv/bin/python"}) {
    fs::path path = (here / environment).lexically_normal();
    if (is_there(path)) return path.string();
  }
  return "python3";
}

std::vector<std::string> known_backends() {
  std::vector<std::string> names;
  std::error_code error;
  fs::path folder = adapters();
  if (folder.empty()) return names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path& file = it->path();
    std::string name = file.stem().string();
    if (file.extension() == ".py" && name.front() != '_') names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Command> find_backend(const std::string& backend) {
  fs::path folder = adapters();
  if (backend.find_first_of("./") == std::string::npos) {
    std::vector<std::string> known = known_backends();
    if (std::find(known.begin(), known.end(), backend) != known.end()) {
      return Command{
          backend,
          {python(), (folder / child_script).string(), (folder / (backend + ".py")).string()}};
    }
    return error(Code::not_found,
                 known.empty()
                     ? fmt::format("no backend '{}': this installation has no adapters; "
                                   "HONE_BACKENDS names their folder",
                                   backend)
                     : fmt::format("no backend '{}'; there are {}, or give the path of an adapter",
                                   backend, fmt::join(known, ", ")));
  }
  if (!is_there(backend)) {
    return error(Code::not_found, fmt::format("{}: no such adapter", backend));
  }
  fs::path path = fs::absolute(backend).lexically_normal();
  std::string name = path.stem().string();
  if (path.extension() != ".py") return Command{name, {path.string()}};
  if (!is_there(folder / child_script)) {
    return error(Code::not_found,
                 fmt::format("{}: this installation lacks {}, which runs adapters; HONE_BACKENDS "
                             "names its folder",
                             backend, child_script));
  }
  return Command{name, {python(), (folder / child_script).string(), path.string()}};
}

}  // namespace hone::backends
