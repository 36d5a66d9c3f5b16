#include "ship/measure/usage_watch.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace hone::ship {
namespace {

TEST(UsageWatch, SeesMemoryThatIsTouchedFirst) {
  constexpr size_t size = 1 << 20;
  void* fresh = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(fresh, MAP_FAILED);
  UsageWatch watch;
  for (size_t i = 0; i < size; i += 4096) static_cast<volatile char*>(fresh)[i] = 1;
  EXPECT_NE(watch.since_last() & page_fault, 0);
  munmap(fresh, size);
}

}  // namespace
}  // namespace hone::ship
