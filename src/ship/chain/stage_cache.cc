#include "ship/chain/stage_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "common/base/hash.h"
#include "host/model/files.h"
#include "host/model/json_text.h"

namespace hone::ship {

namespace fs = std::filesystem;

StageCache::StageCache(std::string path) : path_(std::move(path)) {
  state_ = nlohmann::json::object();
  auto text = read_text(path_);
  if (!text.ok()) return;
  nlohmann::json j = nlohmann::json::parse(*text, nullptr, false);
  if (j.is_object()) state_ = std::move(j);
}

std::optional<nlohmann::json> StageCache::find(const std::string& stage,
                                               const std::string& key) const {
  auto entry = state_.find(stage);
  if (entry == state_.end() || !entry->is_object()) return std::nullopt;
  auto stored = entry->find("key"), result = entry->find("result");
  const bool same = stored != entry->end() && *stored == nlohmann::json(key);
  if (!same || result == entry->end() || !result->is_object()) return std::nullopt;
  return *result;
}

Status StageCache::put(const std::string& stage, const std::string& key, nlohmann::json result) {
  state_[stage] = {{"key", key}, {"result", std::move(result)}};
  return write_text(path_, json_text(state_, 1) + "\n");
}

std::string hash_text(const std::string& text) {
  return fmt::format("{:016x}", hash64(std::as_bytes(std::span(text.data(), text.size()))));
}

std::string hash_file(const std::string& path) {
  auto file = map_file(path);
  return file.ok() ? fmt::format("{:016x}", hash64(file->bytes)) : "";
}

std::string hash_folder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  std::string all;
  for (const std::string& f : files) all += f.substr(path.size()) + hash_file(f);
  return hash_text(all);
}

}  // namespace hone::ship
