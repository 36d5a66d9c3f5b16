#include "device/platform/threads.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace hone::platform {
namespace {

struct PoolOwner {
  PoolOwner(int threads, int spin_us) {
    EXPECT_EQ(posix_memalign(&memory, 64, ThreadPool::bytes(threads)), 0);
    pool = *ThreadPool::create(memory, threads, {spin_us, {}, 0});
  }
  ~PoolOwner() {
    pool->destroy();
    std::free(memory);
  }
  void* memory = nullptr;
  ThreadPool* pool = nullptr;
};

struct Seen {
  std::vector<int> times;
  std::vector<int> thread;
};

void note(void* ctx, int thread, int64_t begin, int64_t end) {
  auto* seen = static_cast<Seen*>(ctx);
  for (int64_t i = begin; i < end; ++i) {
    ++seen->times[static_cast<size_t>(i)];
    seen->thread[static_cast<size_t>(i)] = thread;
  }
}

TEST(Partition, IsTheFloorOfTheProduct) {
  for (int64_t units : {0, 1, 5, 7, 100, 1001}) {
    for (int threads : {1, 2, 3, 7}) {
      for (int t = 0; t <= threads; ++t) {
        EXPECT_EQ(partition(units, t, threads), units * t / threads);
      }
    }
  }
  EXPECT_EQ(partition(INT64_MAX, 256, 256), INT64_MAX);
}

class Threads : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Threads, DoEveryUnitOnceAndTheSameOnes) {
  const auto [threads, spin_us] = GetParam();
  const PoolOwner owner(threads, spin_us);
  for (int64_t units : {1, 2, 3, 64, 1000}) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      Seen seen{std::vector<int>(static_cast<size_t>(units)),
                std::vector<int>(static_cast<size_t>(units))};
      owner.pool->parallel_for(units, note, &seen);
      for (int64_t i = 0; i < units; ++i) {
        ASSERT_EQ(seen.times[static_cast<size_t>(i)], 1);
        const int t = seen.thread[static_cast<size_t>(i)];
        ASSERT_TRUE(units == 1 ||
                    (partition(units, t, threads) <= i && i < partition(units, t + 1, threads)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Threads,
                         ::testing::Values(std::pair{1, 50}, std::pair{2, 50}, std::pair{2, 0},
                                           std::pair{4, 5}, std::pair{7, 0}));

TEST(Threads, ABusyPoolLeavesTheWorkToTheCaller) {
  const PoolOwner owner(3, 0);
  struct Nested {
    ThreadPool* pool;
    Seen seen;
  } nested{owner.pool, {std::vector<int>(10), std::vector<int>(10)}};
  owner.pool->parallel_for(
      3,
      [](void* ctx, int, int64_t begin, int64_t end) {
        auto* n = static_cast<Nested*>(ctx);
        if (begin <= 1 && 1 < end) n->pool->parallel_for(10, note, &n->seen);
      },
      &nested);
  EXPECT_EQ(nested.seen.times, std::vector<int>(10, 1));
}

TEST(Threads, NothingToDo) {
  const PoolOwner owner(2, 0);
  owner.pool->parallel_for(0, nullptr, nullptr);
}

}  // namespace
}  // namespace hone::platform
