#include "host/engine/engine_file.h"

#include <cstring>
#include <filesystem>

#include "common/wire/header.h"
#include "host/model/files.h"

namespace hone::engine {

Result<bool> is_engine_file(const std::string& path) {
  HONE_ASSIGN(const MappedFile file, map_file(path));
  const bool magic = file.bytes.size() >= sizeof(wire::magic) &&
                     std::memcmp(file.bytes.data(), wire::magic, sizeof(wire::magic)) == 0;
  return magic || std::filesystem::path(path).extension() == ".engine";
}

}  // namespace hone::engine
