// Symbolic dimensions from the compiler to the C interface: with a profile one arena for all sizes
// and larger ones refused, without one any size >= 1 and an arena that fits the shapes bound.
#include <cmath>

#include "device/platform/cpu.h"
#include "device/runtime/testing/allocators.h"
#include "hone/hone.hpp"
#include "host/engine/compile.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"

namespace hone {
namespace {

using runtime::testing::TestAllocator;

// Two inputs that share n; the second also has m. Concat, broadcasting, a reduction, a Shape that
// is asked for as data.
constexpr const char* model = R"(in %x f32[n,3,m]
in %z f32[n,m]
const %w f32[5,3,1] = [1, -1, 2, 0.5, 3, -2, 1, 1, 1, 0, 2, -1, 0.25, 0, 1]
const %one i64[1] = [1]
%c = Conv(%x, %w) "conv"
%r = Relu(%c) "relu"
%u = Unsqueeze(%z, %one) "unsqueeze"
%a = Mul(%r, %u) "mul"
%y = Concat(%a, %x) {axis=1} "cat"
%e = Exp(%z) "exp"
%m = ReduceMean(%e) {keepdims=1} "mean"
%s = Shape(%y)
out %y as "y"
out %m as "m"
out %s as "s"
)";

std::vector<std::byte> built(std::vector<plan::ProfileSpec> profiles) {
  engine::CompileOptions o;
  o.target = plan::testing::test_target(mask(Isa::portable));
  o.profiles = std::move(profiles);
  auto compiled = engine::compile(plan::testing::parsed(model), o);
  EXPECT_TRUE(compiled.ok()) << compiled.status().text();
  return compiled.ok() ? compiled->bytes : std::vector<std::byte>();
}

Tensor example(Dims dims, float start) {
  Tensor t(DType::f32, std::move(dims));
  float v = start;
  for (float& f : t.as_mutable<float>()) f = v = std::fmod(v * 1.7f + 0.31f, 2.f) - 0.5f;
  return t;
}

struct Loaded {
  TestAllocator memory;
  hone_allocator fns = memory.fns();
  Engine engine;
  Context context;

  explicit Loaded(const std::vector<std::byte>& bytes, int32_t profile = 0) {
    Text why;
    EXPECT_EQ(engine.load_memory(bytes.data(), bytes.size(), &why, HONE_LOAD_COPY, &fns), HONE_OK)
        << why.c_str();
    EXPECT_EQ(context.create(engine, nullptr, profile, 0, &why), HONE_OK) << why.c_str();
  }
  hone_status set(int64_t n, int64_t m) {
    const int64_t x[] = {n, 3, m}, z[] = {n, m};
    if (auto s = context.set_shape(0, x, 3); s != HONE_OK) return s;
    return context.set_shape(1, z, 2);
  }
  uint64_t arena() {
    auto info = sized<hone_memory_info>();
    EXPECT_EQ(hone_context_memory(context.get(), &info), HONE_OK) << context.error();
    return info.arena_bytes;
  }
  // Whether the binding runs other kernels than the plan's steps name, the first profile's.
  bool kernels_differ(const plan::Plan& plan) {
    bool differ = false;
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      auto step = sized<hone_step_info>();
      EXPECT_EQ(hone_context_step_info(context.get(), static_cast<int32_t>(i), &step), HONE_OK);
      differ = differ || std::strcmp(step.kernel, plan.steps[i].kernel->name) != 0;
    }
    return differ;
  }
  // Runs at these sizes and holds the outputs against the reference.
  void run_and_compare(int64_t n, int64_t m) {
    const std::vector<Tensor> in = {example({n, 3, m}, 0.1f), example({n, m}, 0.7f)};
    auto want = ops::evaluate(plan::testing::parsed(model), in);
    ASSERT_TRUE(want.ok()) << want.status().text();
    for (int i = 0; i < 2; ++i) {
      auto b = sized<hone_buffer>();
      ASSERT_EQ(hone_context_input_buffer(context.get(), i, &b), HONE_OK) << context.error();
      ASSERT_EQ(b.bytes, static_cast<size_t>(in[static_cast<size_t>(i)].bytes()));
      std::memcpy(b.data, in[static_cast<size_t>(i)].data(), b.bytes);
    }
    const int before = memory.made;
    ASSERT_EQ(context.run(), HONE_OK) << context.error();
    EXPECT_EQ(memory.made, before) << "running never allocates";
    for (int i = 0; i < 3; ++i) {
      const Tensor& w = (*want)[static_cast<size_t>(i)];
      auto b = sized<hone_buffer>();
      ASSERT_EQ(hone_context_output_buffer(context.get(), i, &b), HONE_OK);
      ASSERT_EQ(Dims(b.dims, b.dims + b.rank), w.dims());
      Tensor got(w.dtype(), w.dims());
      std::memcpy(got.mutable_data(), b.data, b.bytes);
      for (int64_t k = 0; k < w.count(); ++k) {
        // Sums of at most a few thousand values near 1 in f32.
        ASSERT_NEAR(got.at(k), w.at(k), 1e-4 * (1 + std::abs(w.at(k)))) << i << " at " << k;
      }
    }
  }
};

TEST(DynamicShapes, AProfileTakesOneArenaForAllItsSizes) {
  Loaded e(built({{{"x", {{1, 2, 4}, {3, 3, 3}, {1, 8, 40}}}, {"z", {{1, 2, 4}, {1, 8, 40}}}}}));
  ASSERT_EQ(e.set(1, 1), HONE_OK) << e.context.error();
  const uint64_t arena = e.arena();
  ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
  const int allocations = e.memory.made;
  for (auto [n, m] : {std::pair<int64_t, int64_t>{4, 40}, {1, 1}, {3, 17}, {4, 1}, {1, 40}}) {
    ASSERT_EQ(e.set(n, m), HONE_OK) << e.context.error();
    EXPECT_EQ(e.arena(), arena);
    ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
    e.run_and_compare(n, m);
  }
  EXPECT_EQ(e.memory.made, allocations) << "another shape of the profile needs no memory";
}

TEST(DynamicShapes, AProfileRefusesWhatIsLargerOrSmaller) {
  Loaded e(built({{{"x", {{2, 2, 4}, {3, 3, 3}, {1, 8, 40}}}, {"z", {{2, 2, 4}, {1, 8, 40}}}}}));
  ASSERT_EQ(e.set(5, 8), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(e.context.error(), "input 'x': dimension 0 is 5, the profile takes 2 to 4");
  ASSERT_EQ(e.set(1, 8), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH);
  ASSERT_EQ(e.set(2, 41), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(e.context.error(), "input 'x': dimension 2 is 41, the profile takes 1 to 40");
  ASSERT_EQ(e.set(2, 40), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_OK) << "the context is good for more";
  e.run_and_compare(2, 40);
}

// Timings as if large sizes wanted another kernel than small ones: whichever the clock says here,
// the second profile takes what its own sizes timed.
Result<double> largest_wants_the_last(const plan::Candidate& c, int) {
  double elements = 1;
  for (int64_t d : c.step.out[0].shape) elements *= static_cast<double>(d);
  const bool simd = std::strstr(c.kernel->name, "portable") == nullptr;
  return simd == (elements > 200) ? 100.0 : 200.0;
}

TEST(DynamicShapes, EachProfileHasItsOwnMemoryAndTactics) {
  engine::CompileOptions o;
  o.target = plan::testing::test_target(up_to(Isa::avx2));
  o.time = largest_wants_the_last;
  o.profiles = {{{"x", {{1, 1, 2}, {3, 3, 3}, {1, 8, 16}}}, {"z", {{1, 1, 2}, {1, 8, 16}}}},
                {{"x", {{1, 3, 4}, {3, 3, 3}, {8, 60, 64}}}, {"z", {{1, 3, 4}, {8, 60, 64}}}}};
  auto compiled = engine::compile(plan::testing::parsed(model), o);
  ASSERT_TRUE(compiled.ok()) << compiled.status().text();
  ASSERT_EQ(compiled->plan.profiles.size(), 2u);
  EXPECT_LT(compiled->plan.profiles[0].arena_bytes, compiled->plan.profiles[1].arena_bytes);
  int others = 0;
  for (const auto& [step, choice] : compiled->plan.profiles[1].choices) {
    others += choice.kernel != compiled->plan.steps[static_cast<size_t>(step)].kernel ? 1 : 0;
  }
  EXPECT_GT(others, 0);
  if (!has(platform::cpu_isa(), Isa::avx2)) return;

  Loaded e(compiled->bytes, HONE_ANY_PROFILE);
  ASSERT_EQ(e.set(1, 1), HONE_OK) << e.context.error();
  const uint64_t arena = e.arena();
  ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
  const int allocations = e.memory.made;
  for (int64_t n = 1; n <= 4; ++n) {
    for (int64_t m : {1, 7, 8, 16, 17, 33, 64}) {
      ASSERT_EQ(e.set(n, m), HONE_OK) << e.context.error();
      const bool first = n <= 2 && m <= 16, second = m >= 8;
      if (!first && !second) {
        EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH) << n << " x " << m;
        continue;
      }
      ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
      EXPECT_EQ(e.context.profile(), first ? 0 : 1);
      EXPECT_EQ(e.arena(), arena);
      EXPECT_EQ(e.kernels_differ(compiled->plan), !first);
      e.run_and_compare(n, m);
    }
  }
  EXPECT_EQ(e.memory.made, allocations) << "shapes and profiles change in the memory there is";
}

TEST(DynamicShapes, WithoutAProfileAnySizeRunsAndTheArenaFollows) {
  Loaded e(built({}));
  uint64_t last = 0;
  for (auto [n, m] : {std::pair<int64_t, int64_t>{1, 1}, {1, 64}, {2, 65}, {7, 300}}) {
    ASSERT_EQ(e.set(n, m), HONE_OK) << e.context.error();
    const uint64_t arena = e.arena();
    EXPECT_GT(arena, last);
    last = arena;
    ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
    e.run_and_compare(n, m);
  }
  const int allocations = e.memory.made;
  ASSERT_EQ(e.set(1, 2), HONE_OK);
  EXPECT_LT(e.arena(), last);
  ASSERT_EQ(e.context.bind(), HONE_OK);
  e.run_and_compare(1, 2);
  EXPECT_EQ(e.memory.made, allocations) << "a smaller shape fits what is there";
}

TEST(DynamicShapes, TheCallersArenaIsMeasuredByTheShapesBound) {
  Loaded e(built({}));
  ASSERT_EQ(e.set(2, 50), HONE_OK);
  const uint64_t need = e.arena();
  void* memory = std::aligned_alloc(64, (need + 63) / 64 * 64);
  ASSERT_EQ(hone_context_set_arena(e.context.get(), memory, need - 1), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_OUT_OF_MEMORY);
  ASSERT_EQ(hone_context_set_arena(e.context.get(), memory, need), HONE_OK);
  ASSERT_EQ(e.context.bind(), HONE_OK) << e.context.error();
  e.run_and_compare(2, 50);
  ASSERT_EQ(e.set(2, 500), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_OUT_OF_MEMORY);
  EXPECT_NE(std::strstr(e.context.error(), "these shapes need"), nullptr) << e.context.error();
  e.context.reset();
  std::free(memory);
}

TEST(DynamicShapes, SizeZeroAndSizesThatDisagreeAreRefused) {
  Loaded e(built({}));
  EXPECT_EQ(e.set(0, 4), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(e.context.error(),
               "input 'x': [0, 3, 4] does not fit f32 [n, 3, m] (dimension 0 is at least 1)");
  const int64_t x[] = {2, 3, 4}, z[] = {3, 4}, wide[] = {2, 3, 4, 1};
  ASSERT_EQ(e.context.set_shape(0, x, 3), HONE_OK);
  ASSERT_EQ(e.context.set_shape(1, z, 2), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(e.context.error(), "'n' has two sizes: in input 'x' and in 'z'");
  EXPECT_EQ(e.context.set_shape(0, wide, 4), HONE_SHAPE_MISMATCH);
  const int64_t huge[] = {int64_t{1} << 40, 3, int64_t{1} << 40};
  ASSERT_EQ(e.context.set_shape(0, huge, 3), HONE_OK);
  EXPECT_EQ(e.context.bind(), HONE_SHAPE_MISMATCH) << "2^80 elements";
}

}  // namespace
}  // namespace hone
