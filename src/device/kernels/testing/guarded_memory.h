// Memory that notices strangers: a page that faults on either side, a byte pattern in between.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace hone::kernels::testing {

// `bytes` bytes whose end touches a page that can be neither read nor written (when `align` is 1;
// otherwise the start is aligned and up to align - 1 guard bytes follow). The bytes outside
// [data, data + bytes) carry a pattern that intact() checks.
class GuardedMemory {
 public:
  explicit GuardedMemory(int64_t bytes, int64_t align = 1) : bytes_(bytes) {
    page_ = sysconf(_SC_PAGESIZE);
    int64_t used = (bytes + align - 1) / align * align;
    inner_ = (used + min_front + page_ - 1) / page_ * page_;
    void* p = mmap(nullptr, static_cast<size_t>(inner_ + 2 * page_), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) abort();
    base_ = static_cast<uint8_t*>(p);
    mprotect(base_, static_cast<size_t>(page_), PROT_NONE);
    mprotect(base_ + page_ + inner_, static_cast<size_t>(page_), PROT_NONE);
    data_ = base_ + page_ + inner_ - used;
    std::memset(base_ + page_, pattern, static_cast<size_t>(inner_));
  }
  ~GuardedMemory() { munmap(base_, static_cast<size_t>(inner_ + 2 * page_)); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  uint8_t* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  bool intact() const {
    for (const uint8_t* p = base_ + page_; p < data_; ++p) {
      if (*p != pattern) return false;
    }
    for (const uint8_t* p = data_ + bytes_; p < base_ + page_ + inner_; ++p) {
      if (*p != pattern) return false;
    }
    return true;
  }

  // As float 0xA5A5A5A5 is a tiny number, so the gaps of operands are filled with `poison` (a NaN):
  // a kernel that lets one into its sums shows.
  static constexpr uint8_t pattern = 0xA5;
  static constexpr uint8_t poison = 0xFF;

 private:
  static constexpr int64_t min_front = 64;
  int64_t page_ = 0, inner_ = 0, bytes_ = 0;
  uint8_t* base_ = nullptr;
  uint8_t* data_ = nullptr;
};

}  // namespace hone::kernels::testing
