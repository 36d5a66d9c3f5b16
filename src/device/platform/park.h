// Sleeping until a word changes.
#pragma once

#include <atomic>
#include <cstdint>

namespace hone::platform {

// Returns at once where *word != value; otherwise sleeps until wake() or, now and then, for no
// reason at all. The caller looks at the word again.
void park(std::atomic<uint32_t>* word, uint32_t value);

// Wakes every thread that sleeps on `word`. Called after the word was changed.
void wake(std::atomic<uint32_t>* word);

// Tells the CPU that this thread spins.
inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace hone::platform
