#include "host/backends/work_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace hone::backends {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "hone-runtime-";

// What a run that was killed left behind, hundreds of megabytes maybe: its process is in the name.
void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const long pid = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
    std::error_code kept;
    if (pid > 0 && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) {
      fs::remove_all(it->path(), kept);
    }
  }
}

}  // namespace

Result<WorkFolder> WorkFolder::create() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  remove_leftovers(folder);
  std::string path = (folder / fmt::format("{}{}-XXXXXX", prefix, getpid())).string();
  if (mkdtemp(path.data()) == nullptr) {
    return hone::error(Code::io_error, fmt::format("cannot make a folder as {}", path));
  }
  return WorkFolder(path);
}

WorkFolder::~WorkFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

Result<std::string> WorkFolder::sub(const std::string& name) const {
  std::error_code error;
  const fs::path path = fs::path(path_) / name;
  fs::create_directories(path, error);
  if (error) return hone::error(Code::io_error, path.string() + ": " + error.message());
  return path.string();
}

}  // namespace hone::backends
