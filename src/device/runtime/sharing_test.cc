// What hone.h promises of memory, sharing, buffers, fences and times, promise by promise.
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "device/platform/float_mode.h"
#include "device/runtime/testing/allocators.h"
#include "device/runtime/testing/loaded.h"

namespace hone::runtime {
namespace {

using testing::Floats;
using testing::Loaded;
using testing::TestAllocator;
using testing::wide_spec;
using wire::testing::EngineSpec;
using wire::testing::FileBytes;
using wire::testing::sample_spec;

TEST(ApiMemory, AContextMayHaveAnAllocatorOfItsOwn) {
  const FileBytes file = sample_spec().build();
  TestAllocator of_engine, of_context;
  const hone_allocator engine_fns = of_engine.fns(), context_fns = of_context.fns();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size(), nullptr, 0, &engine_fns), HONE_OK);
  const int made = of_engine.made;
  auto o = sized<hone_context_options>();
  o.allocator = &context_fns;
  hone_context* c = nullptr;
  ASSERT_EQ(hone_context_create(engine.get(), &o, &c), HONE_OK);
  Context context;
  context.reset(c);
  const int64_t dims[] = {2, 4};
  ASSERT_EQ(context.set_shape(0, dims, 2), HONE_OK);
  ASSERT_EQ(context.bind(), HONE_OK);
  EXPECT_EQ(context.run(), HONE_OK);
  EXPECT_EQ(of_engine.made, made);
  EXPECT_EQ(of_context.made, 2);  // itself, its arena
  auto memory = sized<hone_memory_info>();
  ASSERT_EQ(context.memory(&memory), HONE_OK);
  EXPECT_EQ(memory.context_bytes + memory.arena_bytes, of_context.live_bytes);
  context.reset();
  EXPECT_EQ(of_context.live, 0);
}

TEST(ApiMemory, AllocatorsThatDoNotAlignAreTold) {
  const FileBytes file = sample_spec().build();
  static int live = 0;
  hone_allocator askew = {sizeof(hone_allocator), nullptr,
                          [](void*, size_t bytes, size_t) -> void* {
                            ++live;
                            return static_cast<char*>(std::malloc(bytes + 64)) + 8;
                          },
                          [](void*, void* p, size_t) {
                            --live;
                            std::free(static_cast<char*>(p) - 8);
                          }};
  Engine engine;
  Text why;
  // malloc aligns to 16, so that 8 more is a multiple of 64 never.
  EXPECT_EQ(engine.load_memory(file.data(), file.size(), &why, 0, &askew), HONE_INVALID_ARGUMENT);
  EXPECT_STREQ(why.c_str(), "the allocator does not align to 64 bytes");
  EXPECT_EQ(live, 0);
  hone_allocator half = *hone_default_allocator();
  half.free = nullptr;
  EXPECT_EQ(engine.load_memory(file.data(), file.size(), &why, 0, &half), HONE_INVALID_ARGUMENT);
}

TEST(ApiMemory, BytesAreKeptWhereTheyAreOrCopied) {
  const FileBytes file = sample_spec().build();
  std::vector<char> askew(file.size() + 72);
  char* at = askew.data() + 64 - reinterpret_cast<uintptr_t>(askew.data()) % 64 + 8;
  std::memcpy(at, file.data(), file.size());
  Engine engine;
  Text why;
  EXPECT_EQ(engine.load_memory(at, file.size(), &why), HONE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(why.c_str()).find("64"), std::string::npos) << why.c_str();
  ASSERT_EQ(engine.load_memory(at, file.size(), &why, HONE_LOAD_COPY), HONE_OK) << why.c_str();
  std::fill(askew.begin(), askew.end(), char{0x77});  // the copy does not care
  Context context;
  ASSERT_EQ(context.create(engine), HONE_OK);
  const int64_t dims[] = {1, 4};
  ASSERT_EQ(context.set_shape(0, dims, 2), HONE_OK);
  ASSERT_EQ(context.bind(), HONE_OK);
  EXPECT_EQ(context.run(), HONE_OK);
  EXPECT_EQ(context.output<float>(1)[3], 4);  // h + w
}

TEST(ApiMemory, TrustedSkipsTheChecksumAlone) {
  FileBytes file = sample_spec().build();
  file[file.size() - 1] ^= std::byte{1};  // a weight, or padding behind it
  Engine engine;
  EXPECT_EQ(engine.load_memory(file.data(), file.size()), HONE_CORRUPT);
  FileBytes weight = sample_spec().build();
  weight[weight.header().weights_offset] ^= std::byte{1};
  EXPECT_EQ(engine.load_memory(weight.data(), weight.size()), HONE_CORRUPT);
  EXPECT_EQ(engine.load_memory(weight.data(), weight.size(), nullptr, HONE_LOAD_TRUSTED), HONE_OK);
  weight[0] ^= std::byte{1};  // the magic number is looked at all the same
  EXPECT_EQ(engine.load_memory(weight.data(), weight.size(), nullptr, HONE_LOAD_TRUSTED),
            HONE_CORRUPT);
}

// y = x + w with a megabyte of weights.
EngineSpec heavy_spec() {
  EngineSpec e;
  constexpr int64_t n = 1 << 18;
  const int32_t x = e.input("x", {n});
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t w = e.weight(std::vector<float>(n, 2), {n});
  e.step("binary_f32_portable", {x, w}, {e.output("y", shape)}, {0, 0, 0, 0});
  return e;
}

TEST(ApiSharing, WeightsExistOnce) {
  const FileBytes file = heavy_spec().build();
  TestAllocator memory;
  const hone_allocator fns = memory.fns();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size(), nullptr, 0, &fns), HONE_OK);
  EXPECT_LT(memory.live_bytes, size_t{1} << 16);  // the bytes stay where they are
  Context contexts[3];
  for (Context& c : contexts) {
    const size_t before = memory.live_bytes;
    ASSERT_EQ(c.create(engine, nullptr, 0, HONE_CONTEXT_EXTERNAL_IO), HONE_OK);
    ASSERT_EQ(c.bind(), HONE_OK) << c.error();
    EXPECT_LT(memory.live_bytes - before, size_t{1} << 16);
    auto info = sized<hone_memory_info>();
    ASSERT_EQ(c.memory(&info), HONE_OK);
    EXPECT_EQ(info.weights_bytes, size_t{1} << 20);
  }
}

void fill(Context& c) {
  auto* x = c.input<float>(0);
  for (int i = 0; i < 20000; ++i) x[i] = static_cast<float>(i % 977) / 100 - 5;
}
bool bind_wide(Context& c) {
  const int64_t dims[] = {20, 1000};
  return c.set_shape(0, dims, 2) == HONE_OK && c.bind() == HONE_OK;
}
Floats output(const Context& c) {
  const auto* y = c.output<float>(0);
  return {y, y + 20000};
}

// Four threads, a context each; with a pool that only one of them can have at a time, too.
TEST(ApiSharing, ManyThreadsUseOneEngineAndOnePool) {
  const FileBytes file = wide_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context alone;
  ASSERT_EQ(alone.create(engine), HONE_OK);
  ASSERT_TRUE(bind_wide(alone));
  fill(alone);
  ASSERT_EQ(alone.run(), HONE_OK);
  const Floats expected = output(alone);
  Pool pool;
  ASSERT_EQ(pool.create(2), HONE_OK);
  for (const Pool* shared : {static_cast<const Pool*>(nullptr), static_cast<const Pool*>(&pool)}) {
    int same[4] = {};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Context c;
        if (c.create(engine, shared) != HONE_OK || !bind_wide(c)) return;
        fill(c);
        for (int i = 0; i < 50; ++i) same[t] += c.run() == HONE_OK && output(c) == expected;
      });
    }
    for (std::thread& t : threads) t.join();
    for (int n : same) EXPECT_EQ(n, 50);
  }
}

TEST(ApiSharing, EnginesAndPoolsMayGoFirst) {
  TestAllocator memory;
  const hone_allocator fns = memory.fns();
  const FileBytes file = wide_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size(), nullptr, HONE_LOAD_COPY, &fns), HONE_OK);
  Pool pool;
  ASSERT_EQ(pool.create(2, nullptr, &fns), HONE_OK);
  Context c;
  ASSERT_EQ(c.create(engine, &pool), HONE_OK);
  pool.reset();
  engine.reset();
  ASSERT_TRUE(bind_wide(c));
  fill(c);
  EXPECT_EQ(c.run(), HONE_OK);
  c.reset();
  EXPECT_EQ(memory.live, 0);
  EXPECT_TRUE(memory.sizes_agree);
}

TEST(ApiPools, OfThreadsThatMakeSense) {
  for (int32_t threads : {0, -1, 257, INT32_MAX}) {
    Pool pool;
    Text why;
    EXPECT_EQ(pool.create(threads, &why), HONE_INVALID_ARGUMENT) << threads;
    EXPECT_NE(std::string(why.c_str()).find("1 to 256"), std::string::npos) << why.c_str();
    EXPECT_FALSE(pool);
  }
  auto o = sized<hone_pool_options>();
  o.allocator = hone_default_allocator();
  o.threads = 2;
  for (int32_t spin : {-1, 0, 1, 1000}) {
    o.spin_us = spin;
    hone_pool* made = nullptr;
    ASSERT_EQ(hone_pool_create(&o, &made), HONE_OK) << spin;
    Pool pool;
    pool.reset(made);
    EXPECT_EQ(pool.threads(), 2);
    Loaded l(wide_spec(), &pool);
    ASSERT_TRUE(bind_wide(l.context));
    EXPECT_EQ(l.context.run(), HONE_OK);
  }
}

#if defined(__x86_64__)
// The caller flushes subnormals; runs do not, and leave the caller's mode as it was.
TEST(ApiRuns, AreTheSameInAnyFloatingPointMode) {
  EngineSpec e;
  const int32_t x = e.input("x", {4});
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t w = e.weight<float>({0.5f, 0.5f, 0.5f, 0.5f}, {4});
  e.step("binary_f32_portable", {x, w}, {e.output("y", shape)}, {2, 0, 0, 0});
  Loaded l(e);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  const float tiny = std::numeric_limits<float>::min();
  l.put<float>(0, Floats(4, tiny));
  constexpr platform::FloatMode flush = 0x1f80 | 0x8040 | 0x6000;  // FTZ, DAZ, towards zero
  const platform::FloatMode before = platform::float_mode();
  platform::set_float_mode(flush);
  const hone_status s = l.context.run();
  const platform::FloatMode after = platform::float_mode();
  platform::set_float_mode(before);
  EXPECT_EQ(s, HONE_OK);
  EXPECT_EQ(after & 0xffc0u, flush & 0xffc0u);
  EXPECT_EQ(l.out(0), Floats(4, tiny / 2));
}
#endif

// --- buffers, fences, times ---

TEST(ApiBuffers, RefusalsAndTheWayBack) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {1, 4}), HONE_OK);
  EXPECT_EQ(l.context.set_input(0, nullptr), HONE_WRONG_STATE);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  float x[16] = {1, 2, 3, 4};
  const int64_t dims[] = {1, 4}, negative[] = {4, -1}, huge[] = {1, INT64_MAX}, wide[] = {4, 2};
  auto b = sized<hone_buffer>();
  b.data = x, b.bytes = sizeof(x), b.dtype = HONE_F32, b.rank = 2, b.dims = dims;
  EXPECT_EQ(l.context.set_input(3, &b), HONE_NOT_FOUND);
  EXPECT_EQ(l.context.set_output(-1, &b), HONE_NOT_FOUND);
  for (const int64_t* strides : {negative, huge}) {
    b.strides = strides;
    EXPECT_EQ(l.context.set_input(0, &b), HONE_INVALID_ARGUMENT);
    EXPECT_EQ(l.error(), "input 'x': its strides are negative or too large");
  }
  b.strides = nullptr;
  b.data = nullptr;
  EXPECT_EQ(l.context.set_input(0, &b), HONE_INVALID_ARGUMENT);
  b.data = x, b.rank = 9;
  EXPECT_EQ(l.context.set_input(0, &b), HONE_INVALID_ARGUMENT);
  b.rank = 2, b.dims = nullptr;
  EXPECT_EQ(l.context.set_input(0, &b), HONE_INVALID_ARGUMENT);
  b.dims = dims;

  float* own = l.context.input<float>(0);
  ASSERT_EQ(l.context.set_input(0, &b), HONE_OK);
  EXPECT_EQ(l.context.input<float>(0), x);
  ASSERT_EQ(l.context.run(), HONE_OK);
  EXPECT_EQ(l.out(0), (Floats{1, 4, 9, 16}));
  ASSERT_EQ(l.context.set_input(0, nullptr), HONE_OK);  // back to the arena
  EXPECT_EQ(l.context.input<float>(0), own);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  ASSERT_EQ(l.context.run(), HONE_OK);
  EXPECT_EQ(l.out(0), Floats(4, 0));  // bind zeroes what lies in the arena

  b.strides = wide;
  Loaded bare(sample_spec(), nullptr, HONE_CONTEXT_EXTERNAL_IO);
  ASSERT_EQ(bare.shape(0, {1, 4}), HONE_OK);
  ASSERT_EQ(bare.context.bind(), HONE_OK);
  EXPECT_EQ(bare.context.set_input(0, &b), HONE_UNSUPPORTED);
}

TEST(ApiFences, CarryTheStatusOfTheRun) {
  EngineSpec e;
  const int32_t stop = e.input("stop", {}, DType::boolean);
  e.branch(stop, 1, 0);
  e.trap("stopped");
  Loaded l(e);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  auto fence = sized<hone_fence>();
  EXPECT_EQ(hone_fence_wait(&fence), HONE_WRONG_STATE);  // of no run
  l.put<uint8_t>(0, {true});
  EXPECT_EQ(hone_run_async(l.context.get(), &fence), HONE_OK);  // accepted
  EXPECT_EQ(hone_fence_wait(&fence), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(l.error(), "stopped");
  l.put<uint8_t>(0, {false});
  EXPECT_EQ(hone_run_async(l.context.get(), &fence), HONE_OK);  // again, with the same fence
  EXPECT_EQ(hone_fence_wait(&fence), HONE_OK);
}

TEST(ApiTimes, StepsThatWereNotRunTookNoTime) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {1000, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  ASSERT_EQ(hone_context_enable_timing(l.context.get(), 1), HONE_OK);
  uint64_t ns[5] = {};
  for (const bool condition : {true, false}) {
    l.put<uint8_t>(1, {condition});
    ASSERT_EQ(l.context.run(), HONE_OK);
    ASSERT_EQ(hone_context_step_times(l.context.get(), ns, 5), HONE_OK);
    EXPECT_EQ(ns[1] > 0, condition);
    EXPECT_EQ(ns[2] > 0, condition);
    EXPECT_EQ(ns[3] > 0, !condition);
    EXPECT_GT(ns[4], 0u);
  }
  auto step = sized<hone_step_info>();
  EXPECT_EQ(hone_context_step_info(l.context.get(), 5, &step), HONE_NOT_FOUND);
  EXPECT_EQ(hone_context_step_info(l.context.get(), -1, &step), HONE_NOT_FOUND);
  ASSERT_EQ(hone_context_step_info(l.context.get(), 0, &step), HONE_OK);
  EXPECT_STREQ(step.kernel, "");  // control flow
}

}  // namespace
}  // namespace hone::runtime
