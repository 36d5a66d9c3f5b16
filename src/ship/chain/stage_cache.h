// What stages found, by the hash of all they depend on: hone-out/state.json.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace hone::ship {

class StageCache {
 public:
  // A missing or unreadable state is an empty one: the stages simply run.
  explicit StageCache(std::string path);

  // The stored result where the key is the same as last time.
  std::optional<nlohmann::json> find(const std::string& stage, const std::string& key) const;
  // Remembers and writes the state file.
  Status put(const std::string& stage, const std::string& key, nlohmann::json result);

 private:
  std::string path_;
  nlohmann::json state_;
};

// Hex XXH3-64 of a text; of a file's bytes ("" where it cannot be read: never equal to a hash).
std::string hash_text(const std::string& text);
std::string hash_file(const std::string& path);
// Of every regular file below a folder, by relative path.
std::string hash_folder(const std::string& path);

}  // namespace hone::ship
