// A folder for what runtimes convert a model to, below the system's for temporary files.
#pragma once

#include <string>
#include <utility>

#include "common/base/status.h"

namespace hone::backends {

// Gone with this object; what a process that was killed left behind goes with the next one made.
class WorkFolder {
 public:
  // Errors: io_error.
  static Result<WorkFolder> create();
  WorkFolder(WorkFolder&& o) noexcept : path_(std::exchange(o.path_, {})) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();

  const std::string& path() const { return path_; }
  // A folder in it, made. Errors: io_error.
  Result<std::string> sub(const std::string& name) const;

 private:
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace hone::backends
