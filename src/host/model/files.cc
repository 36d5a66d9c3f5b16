#include "host/model/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace hone {
namespace {

// "model.onnx: cannot be read: Permission denied", from errno.
Status read_error(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) return error(Code::not_found, path + ": no such file");
  return error(Code::io_error, fmt::format("{}: cannot be read: {}", path,
                                           std::generic_category().message(number)));
}
Status write_error(const std::string& path, int number) {
  return error(Code::io_error, fmt::format("{}: cannot be written: {}", path,
                                           std::generic_category().message(number)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // False where the system reports a late write error.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

// Opens a regular file and says how large it is.
Result<Descriptor> open_regular(const std::string& path, int64_t* size) {
  // A FIFO without a writer must not make us wait.
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return read_error(path, errno);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return read_error(path, errno);
  if (S_ISDIR(info.st_mode)) return invalid(path + ": is a folder, not a file");
  if (!S_ISREG(info.st_mode)) return invalid(path + ": is not a regular file");
  *size = info.st_size;
  return fd;
}

Status write_all(int fd, Bytes bytes, const std::string& path) {
  // Linux writes at most 2^31 - 4096 bytes at a time.
  constexpr size_t chunk = size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), std::min(bytes.size(), chunk));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return write_error(path, errno);
    if (n == 0)
      return error(Code::io_error, path + ": cannot be written: the device takes no more bytes");
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where the folder is what is missing, the reason should hold its name.
Status cannot_create(const std::string& path, const std::string& folder, int number) {
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return write_error(path, number);
  return error(Code::io_error,
               fmt::format("{}: cannot be written: there is no folder {}", path, folder));
}

// How the temporary names of a process begin.
std::string stem_of(int pid) { return fmt::format(".hone-{}-", pid); }

// The file a symlink points to, so that writing through one replaces the file and not the link.
std::string resolve(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) != nullptr ? buffer : path;
}

}  // namespace

Result<MappedFile> map_file(const std::string& path) {
  int64_t size = 0;
  HONE_ASSIGN(const Descriptor fd, open_regular(path, &size));
  if (size == 0) return MappedFile{};
  const auto length = static_cast<size_t>(size);
  void* p = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (p == MAP_FAILED) return read_error(path, errno);
  std::shared_ptr<const void> owner(
      p, [length](const void* q) { ::munmap(const_cast<void*>(q), length); });
  return MappedFile{Bytes(static_cast<const std::byte*>(p), length), std::move(owner)};
}

Result<std::string> read_text(const std::string& path, int64_t max_bytes) {
  int64_t size = 0;
  HONE_ASSIGN(const Descriptor fd, open_regular(path, &size));
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return read_error(path, errno);
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    // Files of /proc say size 0, so what was read decides.
    if (static_cast<int64_t>(text.size()) > max_bytes) {
      return invalid(fmt::format("{}: larger than {} bytes, too large for this kind of file", path,
                                 max_bytes));
    }
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

AtomicFile::AtomicFile(AtomicFile&& o) noexcept
    : fd_(std::exchange(o.fd_, -1)),
      path_(std::move(o.path_)),
      temporary_(std::exchange(o.temporary_, {})),
      target_(std::move(o.target_)) {}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  AtomicFile file;
  file.path_ = path;
  file.target_ = resolve(path);
  struct stat old;
  const bool exists = ::stat(file.target_.c_str(), &old) == 0;
  if (exists && S_ISDIR(old.st_mode)) {
    return error(Code::io_error, path + ": is a folder; name a file to write");
  }
  if (exists && !S_ISREG(old.st_mode)) {
    // /dev/null or a pipe: written to, never replaced.
    file.fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file.fd_ < 0) return write_error(path, errno);
    return file;
  }
  static std::atomic<uint32_t> counter{0};
  for (int attempt = 0; attempt < 100 && file.fd_ < 0; ++attempt) {
    std::string name = fmt::format("{}/{}{}.tmp", folder_of(file.target_), stem_of(::getpid()),
                                   counter.fetch_add(1));
    file.fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd_ >= 0) {
      file.temporary_ = std::move(name);
    } else if (errno != EEXIST) {
      break;
    }
  }
  if (file.fd_ < 0) return cannot_create(path, folder_of(file.target_), errno);
  // A replaced file keeps its permissions; that this may fail (other owner) is no reason to stop.
  if (exists && ::fchmod(file.fd_, old.st_mode & 07777) != 0) errno = 0;
  return file;
}

Status AtomicFile::append(Bytes bytes) {
  assert(fd_ >= 0);
  return write_all(fd_, bytes, path_);
}

Status AtomicFile::sync() {
  assert(fd_ >= 0);
  if (!temporary_.empty() && ::fsync(fd_) != 0) return write_error(path_, errno);
  // Network file systems report a full disk here.
  if (::close(std::exchange(fd_, -1)) != 0) return write_error(path_, errno);
  return {};
}

Status AtomicFile::commit() {
  if (fd_ >= 0) HONE_RETURN_IF_ERROR(sync());
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return write_error(path_, errno);
  temporary_.clear();
  // The rename is done and can't be taken back: a file system that can't sync folders is no error.
  const Descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.ok() && ::fsync(folder.get()) != 0) errno = 0;
  return {};
}

Status write_file(const std::string& path, Bytes bytes) {
  HONE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HONE_RETURN_IF_ERROR(file.append(bytes));
  return file.commit();
}

Status check_writable(const std::string& path) { return AtomicFile::create(path).status(); }

Status write_text(const std::string& path, std::string_view text) {
  return write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

void remove_leftovers(const std::string& path, int pid) {
  const std::string folder = folder_of(resolve(path)), stem = stem_of(pid);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(stem) && name.ends_with(".tmp")) ::unlink(entry.path().c_str());
  }
}

Status make_folder(const std::string& path) {
  std::error_code failure, ignored;
  std::filesystem::create_directories(path, failure);
  if (std::filesystem::is_directory(path, ignored)) return {};
  if (std::filesystem::exists(path, ignored)) {
    return error(Code::io_error, path + ": exists and is not a folder");
  }
  return error(Code::io_error,
               fmt::format("{}: the folder cannot be made: {}", path, failure.message()));
}

}  // namespace hone
