// Files of external tensor data beside a model. Throws ParseError, as pb_message.h says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/model/files.h"

namespace hone::model {

// "weights.bin" of `folder` as a path to open. Refused: absolute paths, "..", and what lies, with
// symlinks followed, outside the folder.
std::string resolve_inside(const std::string& folder, const std::string& location);

class ExternalFiles {
 public:
  // An empty folder: the model has none, external data are refused.
  explicit ExternalFiles(std::string folder) : folder_(std::move(folder)) {}

  // `length` bytes at `offset` of a file, kept alive by *owner. Each file is mapped once.
  Bytes view(const std::string& location, int64_t offset, int64_t length,
             std::shared_ptr<const void>* owner);

  // Hash of every byte that view() gave out, in the order of names and offsets, and their number.
  // Bytes given out several times count once: how long this takes is bound by the files' sizes.
  uint64_t hash(uint64_t seed) const;
  int64_t bytes_used() const;

 private:
  using Range = std::pair<int64_t, int64_t>;  // offset, end
  struct File {
    MappedFile mapped;
    std::vector<Range> used;
  };
  static std::vector<Range> merged(std::vector<Range> ranges);

  std::string folder_;
  std::map<std::string, File> files_;  // by location
};

}  // namespace hone::model
