// The C interface on small engines: what comes out, and what is said when it does not.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "device/runtime/testing/loaded.h"

namespace hone::runtime {
namespace {

using testing::Floats;
using testing::Loaded;
using testing::wide_spec;
using wire::DimOp;
using wire::Place;
using wire::testing::EngineSpec;
using wire::testing::FileBytes;
using wire::testing::sample_spec;

constexpr int32_t act_relu = 1;

TEST(Runtime, TellsWhatAnEngineIs) {
  const Loaded l(sample_spec());
  const hone_engine_info info = l.engine.info();
  EXPECT_STREQ(info.producer, "test");
  EXPECT_STREQ(info.model_name, "tiny");
  EXPECT_STREQ(info.precision, "");
  EXPECT_EQ(info.inputs, 3);
  EXPECT_EQ(info.outputs, 2);
  EXPECT_EQ(info.steps, 5);
  EXPECT_EQ(info.dynamic, 1);
  EXPECT_EQ(info.weights_bytes, 16u);
  const hone_tensor_info x = l.engine.input(0);
  EXPECT_STREQ(x.name, "x");
  EXPECT_EQ(x.dtype, HONE_F32);
  EXPECT_EQ(x.rank, 2);
  EXPECT_EQ(x.dims[0], -1);
  EXPECT_STREQ(x.symbols[0], "N");
  EXPECT_EQ(x.dims[1], 4);
  EXPECT_EQ(l.engine.input(2).state, 1);
  EXPECT_EQ(l.engine.find_input("condition"), 1);
  EXPECT_EQ(l.engine.find_input("y"), -1);
  EXPECT_EQ(l.engine.find_output("next_h"), 1);
  EXPECT_STREQ(l.engine.property("labels"), "a b c d");
  EXPECT_EQ(l.engine.property("nothing"), nullptr);
  auto none = sized<hone_tensor_info>();
  EXPECT_EQ(hone_engine_input(l.engine.get(), 3, &none), HONE_NOT_FOUND);
}

TEST(Runtime, BranchesBothWays) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {2, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  l.put<float>(0, {-9, -1, 0, 1, 2, 3, 4, 5});
  l.put<uint8_t>(1, {true});
  ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
  EXPECT_EQ(l.out(0), (Floats{0, 1, 3, 5, 3, 5, 7, 9}));
  l.put<uint8_t>(1, {false});
  ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
  EXPECT_EQ(l.out(0), (Floats{81, 1, 0, 1, 4, 9, 16, 25}));
}

TEST(Runtime, StateGoesFromRunToRun) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {1, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  for (float i = 1; i <= 3; ++i) {
    ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
    EXPECT_EQ(l.out(1), (Floats{i, 2 * i, 3 * i, 4 * i}));
  }
  l.context.reset_state();
  ASSERT_EQ(l.context.run(), HONE_OK);
  EXPECT_EQ(l.out(1), (Floats{1, 2, 3, 4}));
  hone_buffer b = l.context.input_buffer(2);
  EXPECT_EQ(l.context.set_input(2, &b), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(l.error(), "input 'h' is state: write to its input_buffer instead");
}

TEST(Runtime, BindsOtherShapesAgain) {
  Loaded l(sample_spec());
  for (int64_t n : {3, 1, 100, 7}) {
    ASSERT_EQ(l.shape(0, {n, 4}), HONE_OK);
    ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
    int64_t dims[HONE_MAX_RANK];
    int32_t rank = 0;
    ASSERT_EQ(hone_context_output_shape(l.context.get(), 0, dims, &rank), HONE_OK);
    EXPECT_EQ(rank, 2);
    EXPECT_EQ(dims[0], n);
    l.put<float>(0, Floats(static_cast<size_t>(4 * n), 3));
    ASSERT_EQ(l.context.run(), HONE_OK);
    EXPECT_EQ(l.out(0), Floats(static_cast<size_t>(4 * n), 9));
  }
}

TEST(Runtime, WantsCallsInOrder) {
  Loaded l(sample_spec());
  EXPECT_EQ(l.context.run(), HONE_WRONG_STATE);
  EXPECT_EQ(l.error(), "bind the context before it runs");
  EXPECT_EQ(l.context.bind(), HONE_WRONG_STATE);
  EXPECT_EQ(l.error(), "input 'x' has dynamic dimensions, f32 [N, 4]: set its shape first");
  EXPECT_EQ(l.context.input_buffer(0).data, nullptr);
  ASSERT_EQ(l.shape(0, {1, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  ASSERT_EQ(l.shape(0, {2, 4}), HONE_OK);
  EXPECT_EQ(l.context.run(), HONE_WRONG_STATE);
}

TEST(Runtime, RefusesShapesInWords) {
  Loaded l(sample_spec());
  EXPECT_EQ(l.shape(0, {2, 5}), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.error(), "input 'x': [2, 5] does not fit f32 [N, 4] (dimension 1)");
  EXPECT_EQ(l.shape(0, {8}), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.error(), "input 'x': [8] does not fit f32 [N, 4]");
  EXPECT_EQ(l.shape(0, {0, 4}), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.shape(7, {1}), HONE_NOT_FOUND);
  EXPECT_EQ(l.error(), "no input 7: the model has 3");
  ASSERT_EQ(l.shape(0, {10000, 4}), HONE_OK);
  EXPECT_EQ(l.context.bind(), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.error(), "N must be below 10000");
  ASSERT_EQ(l.shape(0, {int64_t{1} << 60, 4}), HONE_OK);
  EXPECT_EQ(l.context.bind(), HONE_SHAPE_MISMATCH);
}

TEST(Runtime, TakesBuffersWithoutCopying) {
  Loaded l(sample_spec(), nullptr, HONE_CONTEXT_EXTERNAL_IO);
  ASSERT_EQ(l.shape(0, {1, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  EXPECT_EQ(l.context.run(), HONE_WRONG_STATE);
  EXPECT_EQ(l.error(), "input 'x' has no buffer: set it before the run");
  float x[4] = {1, 2, 3, 4}, y[4] = {}, h[4] = {};
  bool condition = false;
  const int64_t dims[] = {1, 4}, four[] = {4};
  const auto buffer = [](void* data, size_t bytes, int32_t dtype, int32_t rank, const int64_t* d) {
    auto b = sized<hone_buffer>();
    b.data = data, b.bytes = bytes, b.dtype = dtype, b.rank = rank, b.dims = d;
    return b;
  };
  hone_buffer bx = buffer(x, 16, HONE_F32, 2, dims), by = buffer(y, 16, HONE_F32, 2, dims);
  const hone_buffer bc = buffer(&condition, 1, HONE_BOOL, 0, nullptr);
  const hone_buffer bh = buffer(h, 16, HONE_F32, 1, four);
  ASSERT_EQ(l.context.set_input(0, &bx), HONE_OK) << l.error();
  ASSERT_EQ(l.context.set_input(1, &bc), HONE_OK) << l.error();
  ASSERT_EQ(l.context.set_output(0, &by), HONE_OK) << l.error();
  ASSERT_EQ(l.context.set_output(1, &bh), HONE_OK) << l.error();
  ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
  EXPECT_EQ(y[3], 16);
  x[3] = 5;
  ASSERT_EQ(l.context.run(), HONE_OK);
  EXPECT_EQ(y[3], 25);

  const int64_t strides[] = {8, 2};
  bx.strides = strides;
  EXPECT_EQ(l.context.set_input(0, &bx), HONE_SHAPE_MISMATCH);  // 7 floats are needed
  EXPECT_EQ(l.error(), "input 'x': the buffer has 16 bytes, 28 are needed");
  bx = buffer(x, 16, HONE_I32, 2, dims);
  EXPECT_EQ(l.context.set_input(0, &bx), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.error(), "input 'x' is f32 [1, 4] here, the buffer is i32 [1, 4]");
  bx = buffer(reinterpret_cast<char*>(x) + 2, 16, HONE_F32, 2, dims);
  EXPECT_EQ(l.context.set_input(0, &bx), HONE_INVALID_ARGUMENT);
  bx = buffer(x, 15, HONE_F32, 2, dims);
  EXPECT_EQ(l.context.set_input(0, &bx), HONE_SHAPE_MISMATCH);
  bx = buffer(x, 16, HONE_F32, 2, dims);
  bx.memory_space = 3;
  EXPECT_EQ(l.context.set_input(0, &bx), HONE_UNSUPPORTED);
}

TEST(Runtime, CopiesStridedBuffers) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {2, 4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  float x[8] = {1, 5, 2, 6, 3, 7, 4, 8};  // transposed
  float y[16] = {};
  const int64_t dims[] = {2, 4}, turned[] = {1, 2}, wide[] = {8, 2};
  auto b = sized<hone_buffer>();
  b.data = x, b.bytes = sizeof(x), b.dtype = HONE_F32, b.rank = 2, b.dims = dims;
  b.strides = turned;
  ASSERT_EQ(l.context.set_input(0, &b), HONE_OK) << l.error();
  b.data = y, b.bytes = sizeof(y), b.strides = wide;
  ASSERT_EQ(l.context.set_output(0, &b), HONE_OK) << l.error();
  ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
  EXPECT_EQ(Floats(y, y + 16), (Floats{1, 0, 4, 0, 9, 0, 16, 0, 25, 0, 36, 0, 49, 0, 64, 0}));
}

TEST(Runtime, RunsInAnArenaOfTheCallers) {
  Loaded l(sample_spec());
  ASSERT_EQ(l.shape(0, {50, 4}), HONE_OK);
  auto memory = sized<hone_memory_info>();
  ASSERT_EQ(l.context.memory(&memory), HONE_OK) << l.error();
  EXPECT_EQ(memory.values_bytes, 832u);  // 50 x 4 floats, a multiple of 64
  EXPECT_EQ(memory.io_bytes, 832u + 64 + 64 + 832 + 64);
  EXPECT_EQ(memory.arena_bytes, memory.values_bytes + memory.work_bytes + memory.io_bytes);
  FileBytes arena(memory.arena_bytes);
  ASSERT_EQ(l.context.set_arena(arena.data(), arena.size()), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  EXPECT_EQ(l.context.run(), HONE_OK);
  const auto* x = reinterpret_cast<const std::byte*>(l.context.input<float>(0));
  EXPECT_TRUE(x >= arena.data() && x < arena.data() + arena.size());
  ASSERT_EQ(l.shape(0, {53, 4}), HONE_OK);
  EXPECT_EQ(l.context.bind(), HONE_OUT_OF_MEMORY);
  EXPECT_EQ(l.context.set_arena(arena.data() + 8, 100), HONE_INVALID_ARGUMENT);
}

Floats run_wide(const Pool* pool) {
  Loaded l(wide_spec(), pool);
  EXPECT_EQ(l.shape(0, {37, 1000}), HONE_OK);
  EXPECT_EQ(l.context.bind(), HONE_OK) << l.error();
  auto* x = l.context.input<float>(0);
  for (int i = 0; i < 37000; ++i) x[i] = static_cast<float>(i % 977) / 100 - 5;
  EXPECT_EQ(l.context.run(), HONE_OK);
  return l.out(0);
}

bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(Runtime, GivesTheSameBitsForAnyNumberOfThreads) {
  const Floats alone = run_wide(nullptr);
  for (int32_t threads : {1, 2, 4}) {
    Pool pool;
    ASSERT_EQ(pool.create(threads), HONE_OK);
    EXPECT_TRUE(same_bits(alone, run_wide(&pool))) << threads;
  }
}

TEST(Runtime, RunsOnThreadsOfTheCallers) {
  auto o = sized<hone_pool_options>();
  o.allocator = hone_default_allocator();
  o.threads = 3;
  int calls = 0;
  o.run_tasks_user = &calls;
  o.run_tasks = [](void* user, int32_t threads, void (*task)(void*, int32_t), void* arg) {
    ++*static_cast<int*>(user);
    for (int32_t t = threads - 1; t >= 0; --t) task(arg, t);
  };
  hone_pool* made = nullptr;
  ASSERT_EQ(hone_pool_create(&o, &made), HONE_OK);
  Pool pool;
  pool.reset(made);
  EXPECT_TRUE(same_bits(run_wide(nullptr), run_wide(&pool)));
  EXPECT_GT(calls, 0);
}

TEST(Runtime, TimesSteps) {
  Loaded l(wide_spec());
  ASSERT_EQ(l.shape(0, {10, 1000}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  uint64_t ns[2] = {};
  EXPECT_EQ(hone_context_step_times(l.context.get(), ns, 2), HONE_WRONG_STATE);
  ASSERT_EQ(hone_context_enable_timing(l.context.get(), 1), HONE_OK);
  ASSERT_EQ(l.context.run(), HONE_OK);
  ASSERT_EQ(hone_context_step_times(l.context.get(), ns, 2), HONE_OK);
  EXPECT_GT(ns[0], 0u);
  EXPECT_GT(ns[1], 0u);
  EXPECT_EQ(hone_context_step_times(l.context.get(), ns, 1), HONE_INVALID_ARGUMENT);
  auto step = sized<hone_step_info>();
  ASSERT_EQ(hone_context_step_info(l.context.get(), 1, &step), HONE_OK);
  EXPECT_STREQ(step.kernel, "binary_f32_portable");
  EXPECT_STREQ(step.layer, "layer1");
}

TEST(Runtime, Fences) {
  Loaded l(wide_spec());
  auto fence = sized<hone_fence>();
  EXPECT_EQ(hone_run_async(l.context.get(), &fence), HONE_WRONG_STATE);
  ASSERT_EQ(l.shape(0, {1, 1000}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK);
  EXPECT_EQ(hone_fence_done(&fence), 0);
  ASSERT_EQ(hone_run_async(l.context.get(), &fence), HONE_OK);
  EXPECT_EQ(hone_fence_wait(&fence), HONE_OK);
  EXPECT_EQ(hone_fence_done(&fence), 1);
}

// Views: columns 1 and 2 of x [3, 4] into columns 0 and 2 of y, through one slot.
TEST(Runtime, ViewsIntoInputsSlotsAndOutputs) {
  EngineSpec e;
  e.input("x", {3, 4});
  const int32_t three = e.size(3), one = e.size(1), four = e.size(4), two = e.size(2);
  e.output("y", {three, four});
  const int32_t left =
      e.value({DType::f32, {three, two}, Place::input, 0, one, {{four, one}}, 0, 0});
  const int32_t slot =
      e.value({DType::f32, {three, two}, Place::arena, 0, two, {{four, one}}, 0, 0});
  const int32_t right =
      e.value({DType::f32, {three, two}, Place::output, 0, 0, {{four, two}}, 0, 0});
  e.slots = 1;
  e.step("copy_any_portable", {left}, {slot}, {0}).version = 2;
  e.step("copy_any_portable", {slot}, {right}, {0}).version = 2;
  Loaded l(e);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  l.put<float>(0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  std::memset(const_cast<float*>(l.context.output<float>(0)), 0, 48);
  ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
  EXPECT_EQ(l.out(0), (Floats{1, 0, 2, 0, 5, 0, 6, 0, 9, 0, 10, 0}));
}

TEST(Runtime, NestedBranches) {
  EngineSpec e;
  const int32_t a = e.input("a", {}, DType::boolean), b = e.input("b", {1}, DType::boolean);
  const int32_t y = e.output("y", {e.size(1)});
  const auto fill = [&](float f) {
    e.step("fill_any_portable", {}, {y}, {0, wire::testing::float_word(f), 0});
  };
  fill(0);
  e.branch(a, 3, 2);
  e.branch(b, 1, 1);
  fill(1);  // a, b
  fill(2);  // a, not b
  e.branch(b, 1, 0);
  fill(3);  // not a, b
  Loaded l(e);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  const float expected[2][2] = {{0, 3}, {2, 1}};
  for (int i = 0; i < 4; ++i) {
    l.put<uint8_t>(0, {(i & 2) != 0});
    l.put<uint8_t>(1, {(i & 1) != 0});
    ASSERT_EQ(l.context.run(), HONE_OK) << l.error();
    EXPECT_EQ(l.out(0), Floats{expected[i >> 1][i & 1]}) << i;
  }
}

TEST(Runtime, TrapsEndARun) {
  EngineSpec e;
  const int32_t a = e.input("a", {}, DType::boolean);
  e.branch(a, 1, 0);
  e.trap("sr must be 16000");
  Loaded l(e);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  l.put<uint8_t>(0, {false});
  EXPECT_EQ(l.context.run(), HONE_OK);
  l.put<uint8_t>(0, {true});
  EXPECT_EQ(l.context.run(), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(l.error(), "sr must be 16000");
}

// A branch whose operands do not fit these shapes matters only when it is taken.
TEST(Runtime, BranchesForOtherShapes) {
  EngineSpec e;
  const int32_t a = e.input("a", {}, DType::boolean);
  const int32_t x = e.input("x", {-1});
  const int32_t y = e.output("y", {e.size(4)});
  e.branch(a, 1, 1);
  e.step("unary_f32_portable", {x}, {y}, {act_relu, 0, 0});
  e.step("fill_any_portable", {}, {y}, {0, 0, 0});
  Loaded l(e);
  ASSERT_EQ(l.shape(1, {5}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  EXPECT_EQ(l.context.run(), HONE_OK) << l.error();
  l.put<uint8_t>(0, {true});
  EXPECT_EQ(l.context.run(), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(l.error(), "step 1 (layer1) does not take the shapes of these inputs");
  ASSERT_EQ(l.shape(1, {4}), HONE_OK);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  l.put<uint8_t>(0, {true});
  EXPECT_EQ(l.context.run(), HONE_OK) << l.error();
}

TEST(Runtime, ProfilesFixTheArena) {
  EngineSpec e = wide_spec();
  e.profiles.push_back({{wire::Range(2, 4, 8), wire::Range(1000, 1000, 1000)}, 32000, {0}});
  Loaded l(e);
  ASSERT_EQ(l.shape(0, {3, 1000}), HONE_OK);
  auto small = sized<hone_memory_info>(), large = sized<hone_memory_info>();
  ASSERT_EQ(l.context.memory(&small), HONE_OK) << l.error();
  ASSERT_EQ(l.shape(0, {8, 1000}), HONE_OK);
  ASSERT_EQ(l.context.memory(&large), HONE_OK) << l.error();
  EXPECT_EQ(small.arena_bytes, large.arena_bytes);
  ASSERT_EQ(l.context.bind(), HONE_OK) << l.error();
  EXPECT_EQ(l.context.run(), HONE_OK);
  ASSERT_EQ(l.shape(0, {9, 1000}), HONE_OK);
  EXPECT_EQ(l.context.bind(), HONE_SHAPE_MISMATCH);
  EXPECT_EQ(l.error(), "input 'x': dimension 0 is 9, the profile takes 2 to 8");
  int64_t min = 0, opt = 0, max = 0;
  ASSERT_EQ(hone_engine_profile_range(l.engine.get(), 0, 0, 0, &min, &opt, &max), HONE_OK);
  EXPECT_EQ(max, 8);
}

TEST(Runtime, ContextsShareAnEngineAndOutliveItsHandle) {
  const FileBytes file = wide_spec().build();
  Engine engine;
  ASSERT_EQ(engine.load_memory(file.data(), file.size()), HONE_OK);
  Context a, b;
  ASSERT_EQ(a.create(engine), HONE_OK);
  ASSERT_EQ(b.create(engine), HONE_OK);
  engine.reset();
  const int64_t one[] = {1, 1000}, two[] = {2, 1000};
  ASSERT_EQ(a.set_shape(0, one, 2), HONE_OK);
  ASSERT_EQ(b.set_shape(0, two, 2), HONE_OK);
  ASSERT_EQ(a.bind(), HONE_OK);
  ASSERT_EQ(b.bind(), HONE_OK);
  EXPECT_EQ(a.run(), HONE_OK);
  a.reset();
  EXPECT_EQ(b.run(), HONE_OK);
}

}  // namespace
}  // namespace hone::runtime
