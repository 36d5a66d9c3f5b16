#include "ship/measure/placement.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace hone::ship {
namespace {

TEST(Placement, MemoryIsAlignedAndOnesOwn) {
  Placement p(1);
  const hone_allocator* a = p.allocator();
  for (size_t bytes : {1u, 64u, 4096u, 100'000u}) {
    void* one = a->alloc(a->user, bytes, 64);
    void* two = a->alloc(a->user, bytes, 64);
    ASSERT_TRUE(one != nullptr && two != nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(one) % 64, 0u);
    std::memset(one, 1, bytes);
    std::memset(two, 2, bytes);
    EXPECT_EQ(static_cast<char*>(one)[bytes - 1], 1);
    a->free(a->user, one, bytes);
    a->free(a->user, two, bytes);
  }
  a->free(a->user, nullptr, 0);
}

TEST(Placement, OffsetsWithinAPageDiffer) {
  std::set<uintptr_t> offsets;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    Placement p(seed);
    void* memory = p.allocator()->alloc(p.allocator()->user, 1000, 64);
    offsets.insert(reinterpret_cast<uintptr_t>(memory) % 4096);
    p.allocator()->free(p.allocator()->user, memory, 1000);
  }
  EXPECT_GT(offsets.size(), 25u);  // of 64 offsets 64 draws hit 41 on average
}

TEST(Placement, SaysNoToWhatCannotBe) {
  Placement p(1);
  const hone_allocator* a = p.allocator();
  EXPECT_EQ(a->alloc(a->user, SIZE_MAX - 100, 64), nullptr);
  EXPECT_EQ(a->alloc(a->user, size_t{1} << 60, 64), nullptr);
  EXPECT_EQ(a->alloc(a->user, 100, 4096), nullptr);
}

}  // namespace
}  // namespace hone::ship
