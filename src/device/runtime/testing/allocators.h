// Allocators that count, refuse and watch, for tests.
#pragma once

#include <cstdlib>
#include <cstring>

#include "hone/hone.h"

namespace hone::runtime::testing {

// Refuses the allocation number `fail_at` (from 0) and what exceeds `limit` bytes in all.
struct TestAllocator {
  int made = 0, live = 0, fail_at = -1;
  size_t live_bytes = 0, limit = SIZE_MAX;
  bool sizes_agree = true;

  hone_allocator fns() { return {sizeof(hone_allocator), this, alloc, release}; }

 private:
  static void* alloc(void* user, size_t bytes, size_t align) {
    auto* self = static_cast<TestAllocator*>(user);
    if (self->made++ == self->fail_at || bytes > self->limit - self->live_bytes) return nullptr;
    // One header before the block keeps its size; the block itself is exact for sanitizers.
    void* p = nullptr;
    if (posix_memalign(&p, 64, 64 + bytes) != 0 || align > 64) return nullptr;
    std::memcpy(p, &bytes, sizeof(bytes));
    ++self->live;
    self->live_bytes += bytes;
    std::memset(static_cast<char*>(p) + 64, 0xa5, bytes);
    return static_cast<char*>(p) + 64;
  }
  static void release(void* user, void* memory, size_t bytes) {
    auto* self = static_cast<TestAllocator*>(user);
    void* p = static_cast<char*>(memory) - 64;
    if (std::memcmp(p, &bytes, sizeof(bytes)) != 0) self->sizes_agree = false;
    --self->live;
    self->live_bytes -= bytes;
    std::free(p);
  }
};

}  // namespace hone::runtime::testing
