#include "device/platform/mapped_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hone::platform {
namespace {

device::Status cannot(const char* path, int error_number) {
  FixedText text("cannot read '");
  text << path << "': ";
  switch (error_number) {
    case ENOENT: return device::error(Code::not_found, text << "no such file");
    case ENOTDIR: return device::error(Code::not_found, text << "no such folder");
    case EACCES: return device::error(Code::io_error, text << "permission denied");
    case EISDIR: return device::error(Code::io_error, text << "it is a folder");
    default: return device::error(Code::io_error, text << "system error " << error_number);
  }
}

}  // namespace

device::Result<MappedFile> map_file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return cannot(path, errno);
  struct stat st;
  int failure = fstat(fd, &st) != 0 ? errno : 0;
  if (failure == 0 && !S_ISREG(st.st_mode)) failure = S_ISDIR(st.st_mode) ? EISDIR : ENODEV;
  void* memory = nullptr;
  const size_t size = failure == 0 ? static_cast<size_t>(st.st_size) : 0;
  if (size > 0) {
    memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) failure = errno;
  }
  close(fd);
  if (failure != 0) return cannot(path, failure);
  return MappedFile{{static_cast<const std::byte*>(memory), size}};
}

void unmap(const MappedFile& file) {
  if (!file.bytes.empty()) {
    munmap(const_cast<std::byte*>(file.bytes.data()), file.bytes.size());
  }
}

}  // namespace hone::platform
