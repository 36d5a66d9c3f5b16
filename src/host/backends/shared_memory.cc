#include "host/backends/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace hone::backends {

Result<SharedMemory> SharedMemory::create(size_t bytes) {
  SharedMemory m;
  m.fd_ = Fd(memfd_create("hone-tensors", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (m.fd_.get() < 0 || fcntl(m.fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
    return error(Code::io_error, "cannot make a file in memory");
  }
  HONE_RETURN_IF_ERROR(m.grow(bytes));
  return m;
}

SharedMemory::SharedMemory(SharedMemory&& o) noexcept
    : fd_(std::move(o.fd_)),
      data_(std::exchange(o.data_, nullptr)),
      size_(std::exchange(o.size_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& o) noexcept {
  if (this == &o) return *this;
  unmap();
  fd_ = std::move(o.fd_);
  data_ = std::exchange(o.data_, nullptr);
  size_ = std::exchange(o.size_, 0);
  return *this;
}

void SharedMemory::unmap() {
  if (data_ != nullptr) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

Status SharedMemory::grow(size_t bytes) {
  struct stat now {};
  bool known = fstat(fd_.get(), &now) == 0;
  if (!known || (static_cast<size_t>(now.st_size) < bytes &&
                 ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0)) {
    return error(Code::out_of_memory, fmt::format("no memory to share {} bytes", bytes));
  }
  return remap();
}

Status SharedMemory::remap() {
  unmap();
  struct stat now {};
  if (fstat(fd_.get(), &now) != 0) return error(Code::io_error, "cannot read shared memory's size");
  auto size = static_cast<size_t>(now.st_size);
  if (size == 0) return {};
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (p == MAP_FAILED) {
    return error(Code::out_of_memory, fmt::format("no memory to map {} shared bytes", size));
  }
  data_ = static_cast<std::byte*>(p);
  size_ = size;
  return {};
}

}  // namespace hone::backends
