#include "host/model/external_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <system_error>

#include "common/base/hash.h"
#include "host/model/onnx.h"
#include "host/model/pb_message.h"

namespace hone::model {
namespace {

std::string real_path(const std::string& path, const std::string& location) {
  char buffer[PATH_MAX];
  if (::realpath(path.c_str(), buffer) == nullptr) {
    const int reason = errno;
    const bool missing = reason == ENOENT || reason == ENOTDIR;
    fail(missing ? Code::not_found : Code::io_error,
         fmt::format("external data {}: {}", quote(location),
                     missing ? "no such file; it must lie in the model's folder"
                             : std::generic_category().message(reason)));
  }
  return buffer;
}

bool has_parent_step(const std::string& path) {
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    if (path.compare(at, slash - at, "..") == 0) return true;
    at = slash + 1;
  }
  return false;
}

}  // namespace

std::string resolve_inside(const std::string& folder, const std::string& location) {
  const auto refuse = [&](const char* why) {
    fail(Code::corrupt, fmt::format("external data {}: {}", quote(location), why));
  };
  if (location.empty()) refuse("no file is named");
  if (location.find('\0') != std::string::npos) refuse("not a file name");
  if (location[0] == '/') refuse("absolute paths are refused; it must lie in the model's folder");
  if (has_parent_step(location)) refuse("'..' is refused; it must lie in the model's folder");
  const std::string root = real_path(folder, folder);
  std::string file = real_path(folder + "/" + location, location);
  const std::string inside = root == "/" ? root : root + "/";
  if (file.compare(0, inside.size(), inside) != 0) {
    refuse("a symlink leads out of the model's folder; copy the file beside the model");
  }
  return file;
}

Bytes ExternalFiles::view(const std::string& location, int64_t offset, int64_t length,
                          std::shared_ptr<const void>* owner) {
  auto found = files_.find(location);
  if (found == files_.end()) {
    if (folder_.empty()) {
      fail(Code::unsupported, fmt::format("external data {}: only a model read from a file can "
                                          "have external data",
                                          quote(location)));
    }
    if (static_cast<int64_t>(files_.size()) >= limits::external_files) {
      fail(Code::unsupported,
           fmt::format("more than {} files of external data", limits::external_files));
    }
    auto mapped = map_file(resolve_inside(folder_, location));
    if (!mapped.ok()) fail(mapped.code(), "external data " + mapped.status().text());
    found = files_.emplace(location, File{*std::move(mapped), {}}).first;
  }
  File& file = found->second;
  const auto size = static_cast<int64_t>(file.mapped.bytes.size());
  if (offset < 0 || length < 0 || offset > size || length > size - offset) {
    fail(Code::corrupt,
         fmt::format("external data {}: {} bytes at {} do not fit in its {} bytes; the "
                     "file is cut off or belongs to another model",
                     quote(location), length, offset, size));
  }
  if (length > 0) file.used.emplace_back(offset, offset + length);
  *owner = file.mapped.owner;
  return file.mapped.bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
}

std::vector<ExternalFiles::Range> ExternalFiles::merged(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> out;
  for (const Range& r : ranges) {
    if (out.empty() || r.first > out.back().second) {
      out.push_back(r);
    } else {
      out.back().second = std::max(out.back().second, r.second);
    }
  }
  return out;
}

uint64_t ExternalFiles::hash(uint64_t seed) const {
  for (const auto& [location, file] : files_) {
    for (const auto& [begin, end] : merged(file.used)) {
      seed = hash64(
          file.mapped.bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
          seed);
    }
  }
  return seed;
}

int64_t ExternalFiles::bytes_used() const {
  int64_t total = 0;
  for (const auto& [location, file] : files_) {
    for (const auto& [begin, end] : merged(file.used)) total += end - begin;
  }
  return total;
}

}  // namespace hone::model
