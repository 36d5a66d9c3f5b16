// Memory of a process, as the kernel accounts it.
#pragma once

#include <functional>
#include <optional>

#include "common/base/status.h"

namespace hone::ship {

// Peak resident bytes of this process so far (VmHWM); nullopt where /proc does not tell.
std::optional<int64_t> peak_rss_bytes();

// Lets the kernel count the peak anew from what is resident now; nothing where it cannot.
void reset_peak_rss();

// Peak resident bytes of `work` in a process of its own, and what that process had before it began.
// `work` runs in a forked child without threads of the parent; its result is lost.
struct ChildMemory {
  int64_t before = 0, peak = 0;
};
Result<ChildMemory> peak_of_child(const std::function<Status()>& work);

}  // namespace hone::ship
