// Memory that this program and a child map: a file without a name, which can grow but not shrink,
// so that no child can take bytes away from under this program.
#pragma once

#include <cstddef>
#include <span>

#include "common/base/status.h"
#include "host/backends/child.h"

namespace hone::backends {

class SharedMemory {
 public:
  static Result<SharedMemory> create(size_t bytes);
  SharedMemory(SharedMemory&& o) noexcept;
  SharedMemory& operator=(SharedMemory&& o) noexcept;
  ~SharedMemory() { unmap(); }

  int fd() const { return fd_.get(); }
  std::span<std::byte> bytes() const { return {data_, size_}; }
  // At least `bytes`. Errors: out_of_memory.
  Status grow(size_t bytes);
  // Maps what the file has become. Pointers into bytes() end here.
  Status remap();

 private:
  SharedMemory() = default;
  void unmap();

  Fd fd_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace hone::backends
