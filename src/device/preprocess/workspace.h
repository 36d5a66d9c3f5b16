// Arrays laid one after the other into the caller's scratch. With no memory behind it a Workspace
// only counts, so that the size asked for and the memory used come from one piece of code.
#pragma once

#include <cstdint>

#include "common/base/checked.h"

namespace hone::preprocess {

class Workspace {
 public:
  static constexpr int64_t alignment = 64;

  Workspace() = default;
  Workspace(void* data, int64_t bytes) : begin_(static_cast<uint8_t*>(data)), room_(bytes) {
    auto address = reinterpret_cast<uintptr_t>(data);
    used_ = static_cast<int64_t>((alignment - address % alignment) % alignment);
  }

  // Null while counting, and where the memory does not suffice.
  template <class T>
  T* take(int64_t count) {
    const int64_t at = used_;
    used_ += round_up(count * static_cast<int64_t>(sizeof(T)), alignment);
    return begin_ == nullptr || used_ > room_ ? nullptr : reinterpret_cast<T*>(begin_ + at);
  }

  // Of memory of any alignment; 0 where nothing was taken.
  int64_t bytes() const { return used_ == 0 ? 0 : used_ + alignment; }

 private:
  uint8_t* begin_ = nullptr;
  int64_t room_ = 0, used_ = 0;
};

}  // namespace hone::preprocess
