// The caller's allocator, and blocks of its memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/device_status.h"
#include "hone/hone.h"

namespace hone::runtime {

struct Block {
  void* data = nullptr;
  size_t bytes = 0;
};

class Allocator {
 public:
  Allocator() = default;
  explicit Allocator(const hone_allocator& fns) : fns_(fns) {}

  // 64-byte aligned. `what` names it in the error.
  device::Result<Block> alloc(size_t bytes, const char* what) const {
    if (bytes == 0) bytes = 1;
    void* data = fns_.alloc(fns_.user, bytes, 64);
    if (data == nullptr) {
      return device::error(Code::out_of_memory, FixedText("the allocator has no ")
                                                    << static_cast<uint64_t>(bytes) << " bytes for "
                                                    << what);
    }
    if (reinterpret_cast<uintptr_t>(data) % 64 == 0) return Block{data, bytes};
    fns_.free(fns_.user, data, bytes);
    return device::error(Code::invalid_argument, "the allocator does not align to 64 bytes");
  }
  void free(Block block) const {
    if (block.data != nullptr) fns_.free(fns_.user, block.data, block.bytes);
  }

 private:
  hone_allocator fns_ = {};
};

// Cuts one block into arrays. The first pass, over no memory, finds how large the block must be.
class Carver {
 public:
  explicit Carver(void* base) : base_(static_cast<char*>(base)) {}

  // Uninitialised; nullptr in the first pass.
  template <class T>
  T* take(size_t count) {
    constexpr size_t align = alignof(T) > 64 ? alignof(T) : 64;
    at_ = (at_ + align - 1) / align * align;
    T* p = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at_);
    at_ += sizeof(T) * count;
    return p;
  }
  size_t bytes() const { return at_; }

 private:
  char* base_;
  size_t at_ = 0;
};

}  // namespace hone::runtime
