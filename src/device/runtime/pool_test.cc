// Settings of pools: what is refused, where threads run, when they sleep.
#include "device/runtime/pool.h"

#include <gtest/gtest.h>

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "device/runtime/testing/loaded.h"

namespace hone::runtime {
namespace {

using testing::Loaded;
using testing::wide_spec;

hone_status make(const hone_pool_options& o, Pool* pool, std::string* why = nullptr) {
  hone_pool_options with_text = o;
  Text text;
  with_text.error_text = text.data();
  with_text.error_text_bytes = Text::size();
  hone_pool* made = nullptr;
  const hone_status s = hone_pool_create(&with_text, &made);
  pool->reset(made);
  if (why != nullptr) *why = text.c_str();
  return s;
}

hone_pool_options two_threads() {
  auto o = sized<hone_pool_options>();
  o.allocator = hone_default_allocator();
  o.threads = 2;
  return o;
}

TEST(PoolSettings, RefuseSettingsThatMakeNoSense) {
  Pool pool;
  std::string why;
  auto o = two_threads();
  o.cpu_count = 1;
  EXPECT_EQ(make(o, &pool, &why), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(why, "hone_pool_options.cpus is no list of cpu_count");
  const int32_t none[] = {-1}, far[] = {100'000};
  o.cpus = none;
  EXPECT_EQ(make(o, &pool), HONE_INVALID_ARGUMENT);
  o = two_threads();
  for (int32_t priority : {-1, 100}) {
    o.priority = priority;
    EXPECT_EQ(make(o, &pool, &why), HONE_INVALID_ARGUMENT);
    EXPECT_EQ(why, "hone_pool_options.priority is not 0 to 99");
  }
  o.priority = 1;
  o.run_tasks = [](void*, int32_t, void (*)(void*, int32_t), void*) {};
  EXPECT_EQ(make(o, &pool), HONE_INVALID_ARGUMENT);
#if defined(__linux__)
  o = two_threads();
  o.cpus = far;
  o.cpu_count = 1;
  EXPECT_EQ(make(o, &pool, &why), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(why,
            "a thread cannot run on CPU 100000: there is none, or this process may not use it");
#endif
  EXPECT_FALSE(pool);
}

#if defined(__linux__)
// What the kernel tells of this process's other threads.
struct OtherThread {
  cpu_set_t cpus;
  int policy = 0, priority = 0;
  int64_t busy_ns = 0;
};

std::vector<OtherThread> other_threads() {
  std::vector<OtherThread> all;
  for (const auto& e : std::filesystem::directory_iterator("/proc/self/task")) {
    const pid_t id = std::stoi(e.path().filename());
    if (id == getpid()) continue;
    OtherThread t;
    EXPECT_EQ(sched_getaffinity(id, sizeof(t.cpus), &t.cpus), 0);
    t.policy = sched_getscheduler(id);
    sched_param p = {};
    sched_getparam(id, &p);
    t.priority = p.sched_priority;
    std::ifstream(e.path() / "schedstat") >> t.busy_ns;
    all.push_back(t);
  }
  return all;
}

TEST(PoolSettings, RunWhereTheyAreTold) {
  cpu_set_t mine;
  ASSERT_EQ(sched_getaffinity(0, sizeof(mine), &mine), 0);
  int32_t cpu = CPU_SETSIZE - 1;
  while (!CPU_ISSET(cpu, &mine)) --cpu;
  const size_t before = other_threads().size();
  auto o = two_threads();
  o.cpus = &cpu;
  o.cpu_count = 1;
  o.priority = 5;
  Pool pool;
  std::string why;
  if (make(o, &pool, &why) != HONE_OK) {
    EXPECT_NE(why.find("the system refuses real-time priority 5"), std::string::npos) << why;
    o.priority = 0;
    ASSERT_EQ(make(o, &pool, &why), HONE_OK) << why;
  }
  const auto threads = other_threads();
  ASSERT_EQ(threads.size(), before + 1);
  EXPECT_EQ(CPU_COUNT(&threads.back().cpus), 1);
  EXPECT_TRUE(CPU_ISSET(cpu, &threads.back().cpus));
  EXPECT_EQ(threads.back().priority, o.priority);
  EXPECT_EQ(threads.back().policy, o.priority > 0 ? SCHED_FIFO : sched_getscheduler(0));
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&mine, &after));  // the caller's thread is the caller's
}

// 100 us after a call nobody computes: the default spin is over.
TEST(PoolSettings, SleepSoonAfterARun) {
  Pool pool;
  ASSERT_EQ(make(two_threads(), &pool), HONE_OK);
  Loaded l(wide_spec(), &pool);
  const int64_t dims[] = {20, 1000};
  ASSERT_EQ(l.context.set_shape(0, dims, 2), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  int64_t least = INT64_MAX;  // other programs may keep a thread from its CPU, and so from sleep
  for (int i = 0; i < 50 && least > 0; ++i) {
    ASSERT_EQ(l.context.run(), HONE_OK);
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    while (std::chrono::steady_clock::now() < end) {
    }
    const auto before = other_threads();
    if (before.empty()) GTEST_SKIP() << "skipped: no other threads in /proc/self/task";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // longer than a tick
    least = std::min(least, other_threads().back().busy_ns - before.back().busy_ns);
  }
  EXPECT_EQ(least, 0);
}
#endif

}  // namespace
}  // namespace hone::runtime
