// Memory of a process, as the kernel accounts it.
#pragma once

#include <cstdint>
#include <optional>

namespace hone::ship {

// Peak resident bytes of this process so far (VmHWM); nullopt where /proc does not tell.
std::optional<int64_t> peak_rss_bytes();

// Lets the kernel count the peak anew from what is resident now; nothing where it cannot.
void reset_peak_rss();

}  // namespace hone::ship
