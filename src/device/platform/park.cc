#include "device/platform/park.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <ctime>
#endif

namespace hone::platform {

static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);

#if defined(__linux__)

void park(std::atomic<uint32_t>* word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void wake(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

#else

// Systems without a futex look again every 50 microseconds: correct anywhere, never a lock.
void park(std::atomic<uint32_t>* word, uint32_t value) {
  if (word->load(std::memory_order_acquire) != value) return;
  const timespec pause = {0, 50000};
  nanosleep(&pause, nullptr);
}

void wake(std::atomic<uint32_t>*) {}

#endif

}  // namespace hone::platform
