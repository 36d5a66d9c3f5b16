#include "device/platform/pages.h"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace hone::platform {
namespace {

// One byte of each is written back as it was; pages are at least as large on every system.
constexpr size_t least_page = 4096;

void touch(void* memory, size_t bytes) {
  auto* at = static_cast<volatile char*>(memory);
  for (size_t i = 0; i < bytes; i += least_page) at[i] = at[i];
  if (bytes > 0) at[bytes - 1] = at[bytes - 1];
}

#if defined(__linux__)

// Of headers older than Linux 5.14; older systems answer EINVAL.
constexpr int populate_read = 22, populate_write = 23;
// The size of large pages where a page is 4 KB. Larger ones lie inside where they fit.
constexpr uintptr_t large_page = uintptr_t{1} << 21;
// Advises for the whole multiples of `unit` within.
bool advise_within(const void* memory, size_t bytes, uintptr_t unit, int advice) {
  const auto begin = (reinterpret_cast<uintptr_t>(memory) + unit - 1) / unit * unit;
  const auto end = (reinterpret_cast<uintptr_t>(memory) + bytes) / unit * unit;
  return begin >= end || madvise(reinterpret_cast<void*>(begin), end - begin, advice) == 0;
}

uintptr_t page_size() { return static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)); }

#endif

}  // namespace

#if defined(__linux__)

void populate(void* memory, size_t bytes) {
  advise_within(memory, bytes, large_page, MADV_HUGEPAGE);
  advise_within(memory, bytes, page_size(), populate_write);
  touch(memory, bytes);  // the ends, and all of it where the call failed
}

void populate_mapping(const void* memory, size_t bytes) {
  advise_within(memory, bytes, page_size(), populate_read);
}

#else

void populate(void* memory, size_t bytes) { touch(memory, bytes); }
void populate_mapping(const void*, size_t) {}

#endif

}  // namespace hone::platform
