// Files as bytes: mapped reading, all-or-nothing writing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/cursor.h"
#include "common/base/status.h"

namespace hone {

// A whole file mapped read-only; 64-byte aligned. Empty files give an empty span.
struct MappedFile {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};
// Errors: not_found, invalid_argument (a folder, a device), io_error (permission). The text names
// the path.
Result<MappedFile> map_file(const std::string& path);
Result<std::string> read_text(const std::string& path, int64_t max_bytes = 16 << 20);

// A file that appears under its name whole or not at all. Without commit() nothing is left; a file
// that was there stays. Symlinks are followed; devices and pipes are written to directly. Every
// error is io_error with the system's reason.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& o) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status append(Bytes bytes);
  // The bytes are on the disk; nothing can be appended any more. For who commits several files.
  Status sync();
  // sync, rename, fsync of the folder.
  Status commit();

 private:
  AtomicFile() = default;

  int fd_ = -1;
  std::string path_;       // as the caller names it
  std::string temporary_;  // empty: a device, or committed
  std::string target_;     // path_ with symlinks resolved
};

// Writes to a temporary name beside `path`, fsync, rename, fsync of the folder. On any error
// nothing is left and an older file of that name stays. Errors: io_error with the system's reason.
Status write_file(const std::string& path, Bytes bytes);
Status write_text(const std::string& path, std::string_view text);
// Could write_file create `path` now? For asking before work that takes long. Leaves nothing.
Status check_writable(const std::string& path);
// What a process that was killed left beside `path` while it wrote it.
void remove_leftovers(const std::string& path, int pid);
// mkdir -p.
Status make_folder(const std::string& path);

}  // namespace hone
