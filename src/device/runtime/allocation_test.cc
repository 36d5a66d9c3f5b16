// A run allocates nothing; load, create and bind survive every refusal of the allocator.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>

#include "common/wire/testing/sample_engine.h"
#include "device/runtime/testing/allocators.h"
#include "device/runtime/testing/zoo.h"
#include "hone/hone.hpp"

namespace {
std::atomic<bool> watching{false};
std::atomic<int> seen{0};
void count() {
  if (watching.load(std::memory_order_relaxed)) seen.fetch_add(1, std::memory_order_relaxed);
}
}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Sanitizers own malloc and tell of every call.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, size_t),
                                                         void (*)(const volatile void*));
namespace {
const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { count(); }, [](const volatile void*) {});
}
#else
// The program's own definitions come before the C library's, for the C library as well.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void* malloc(size_t n) noexcept { return count(), __libc_malloc(n); }
void* calloc(size_t n, size_t size) noexcept { return count(), __libc_calloc(n, size); }
void* realloc(void* p, size_t n) noexcept { return count(), __libc_realloc(p, n); }
void* memalign(size_t align, size_t n) noexcept { return count(), __libc_memalign(align, n); }
void* aligned_alloc(size_t align, size_t n) noexcept { return count(), __libc_memalign(align, n); }
int posix_memalign(void** p, size_t align, size_t n) noexcept {
  count();
  *p = __libc_memalign(align, n);
  return *p == nullptr ? ENOMEM : 0;
}
}
#endif

namespace hone::runtime {
namespace {

using testing::TestAllocator;
using wire::testing::FileBytes;
using wire::testing::sample_spec;

// Volatile, so that the compiler cannot leave the allocation out.
void* volatile sink;

TEST(Allocations, AreCountedAtAll) {
  seen = 0;
  watching = true;
  sink = std::malloc(10);
  watching = false;
  std::free(sink);
  EXPECT_EQ(seen, 1);
}

class RunAllocations : public ::testing::TestWithParam<int> {};

TEST_P(RunAllocations, AreNone) {
  const FileBytes file = sample_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Pool pool;
  ASSERT_EQ(pool.create(GetParam()), HONE_OK);
  Context context;
  ASSERT_EQ(context.create(engine, &pool), HONE_OK);
  const int64_t shape[] = {9000, 4};
  ASSERT_EQ(context.set_shape(0, shape, 2), HONE_OK) << context.error();
  ASSERT_EQ(context.bind(), HONE_OK) << context.error();
  hone_context_enable_timing(context.get(), 1);
  alignas(64) static float x[36000], y[72000];
  auto in = sized<hone_buffer>(), out = sized<hone_buffer>();
  const int64_t strides[] = {8, 1};
  in.data = x, in.bytes = sizeof(x), in.dtype = HONE_F32, in.rank = 2, in.dims = shape;
  out = in;
  out.data = y, out.bytes = sizeof(y), out.strides = strides;

  // The pool's threads start in their own time, and a sanitizer allocates when they do.
  hone_status status = context.run();
  seen = 0;
  watching = true;
  for (int i = 0; i < 100 && status == HONE_OK; ++i) {
    *context.input<bool>(1) = i % 2 != 0;
    status = context.set_input(0, i % 3 == 0 ? nullptr : &in);
    if (status == HONE_OK) status = context.set_output(0, i % 5 == 0 ? nullptr : &out);
    if (status == HONE_OK) status = context.run();
  }
  watching = false;
  EXPECT_EQ(status, HONE_OK) << context.error();
  EXPECT_EQ(seen, 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, RunAllocations, ::testing::Values(1, 2, 4));

// Other shapes of a profile, and another profile, in the arena that is there.
TEST(RunAllocations, OfOtherShapesAreNone) {
  const FileBytes file = testing::profiles_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context context;
  ASSERT_EQ(context.create(engine, nullptr, HONE_ANY_PROFILE), HONE_OK);
  const auto bind = [&](int64_t n) {
    const int64_t shape[] = {n, 4};
    hone_status s = context.set_shape(0, shape, 2);
    if (s == HONE_OK) s = context.bind();
    return s == HONE_OK ? context.run() : s;
  };
  hone_status status = bind(1);
  seen = 0;
  watching = true;
  for (int64_t n = 1; n <= 64 && status == HONE_OK; ++n) status = bind(n);
  for (int32_t profile : {1, 0, HONE_ANY_PROFILE}) {
    if (status == HONE_OK) status = context.set_profile(profile);
    for (int64_t n = 2; n <= 4 && status == HONE_OK; ++n) status = bind(n);
  }
  const hone_status refused = bind(65);  // and so is saying no
  watching = false;
  EXPECT_EQ(status, HONE_OK) << context.error();
  EXPECT_EQ(refused, HONE_SHAPE_MISMATCH);
  EXPECT_EQ(seen, 0);
}

// Everything up to a run with one allocator; the first failure ends it.
hone_status whole_life(const FileBytes& file, TestAllocator* memory, const char* path) {
  const hone_allocator fns = memory->fns();
  Engine engine;
  Pool pool;
  Context context;
  Text why;
  const auto load = [&] {
    if (path != nullptr) return engine.load_file(path, &why, &fns);
    return engine.load_memory(file.data(), file.size(), &why, HONE_LOAD_COPY, &fns);
  };
  hone_status s = load();
  if (s == HONE_OK) s = pool.create(2, &why, &fns);
  if (s == HONE_OK) s = context.create(engine, &pool);
  const int64_t small[] = {3, 4}, large[] = {300, 4};
  for (const int64_t* shape : {small, large, small}) {
    if (s == HONE_OK) s = context.set_shape(0, shape, 2);
    if (s == HONE_OK) s = context.bind();
    if (s == HONE_OK) s = context.run();
  }
  return s;
}

TEST(AllocationFailures, AreReportedAndLeakNothing) {
  const FileBytes file = sample_spec().build();
  TestAllocator all;
  ASSERT_EQ(whole_life(file, &all, nullptr), HONE_OK);
  EXPECT_EQ(all.live, 0);
  EXPECT_TRUE(all.sizes_agree);
  ASSERT_EQ(all.made, 6);  // copy, engine, pool, context, arena, larger arena
  for (int i = 0; i < all.made; ++i) {
    TestAllocator memory;
    memory.fail_at = i;
    EXPECT_EQ(whole_life(file, &memory, nullptr), HONE_OUT_OF_MEMORY) << i;
    EXPECT_EQ(memory.live, 0) << i;
    EXPECT_TRUE(memory.sizes_agree) << i;
  }
}

TEST(AllocationFailures, OfAMappedFile) {
  const FileBytes file = sample_spec().build();
  const std::string path = ::testing::TempDir() + "hone_allocation_test.hone";
  FILE* f = std::fopen(path.c_str(), "wb");
  ASSERT_NE(f, nullptr);
  ASSERT_EQ(std::fwrite(file.data(), 1, file.size(), f), file.size());
  std::fclose(f);
  TestAllocator all;
  EXPECT_EQ(whole_life(file, &all, path.c_str()), HONE_OK);
  for (int i = 0; i < all.made; ++i) {
    TestAllocator memory;
    memory.fail_at = i;
    EXPECT_EQ(whole_life(file, &memory, path.c_str()), HONE_OUT_OF_MEMORY) << i;
    EXPECT_EQ(memory.live, 0) << i;
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace hone::runtime
