// Several profiles: ranges, memory and tactics of each, taken by number or by the shapes.
#include "device/runtime/testing/allocators.h"
#include "device/runtime/testing/loaded.h"
#include "device/runtime/testing/zoo.h"

namespace hone::runtime {
namespace {

using testing::Floats;
using testing::TestAllocator;

// The engine of profiles_spec() with a context of one profile, all memory counted.
class Profiles : public ::testing::Test {
 protected:
  void create(int32_t profile) {
    ASSERT_EQ(engine.load_memory(file_.data(), file_.size(), nullptr, 0, &fns_), HONE_OK);
    ASSERT_EQ(context.create(engine, nullptr, profile), HONE_OK);
  }
  hone_status bind(int64_t n) {
    const int64_t shape[] = {n, 4};
    const hone_status s = context.set_shape(0, shape, 2);
    return s == HONE_OK ? context.bind() : s;
  }
  uint64_t arena_bytes() {
    auto info = sized<hone_memory_info>();
    EXPECT_EQ(context.memory(&info), HONE_OK) << context.error();
    return info.arena_bytes;
  }
  // The first row of the result for x = 0: twice the weights of the tactic that ran.
  Floats run() {
    EXPECT_EQ(context.run(), HONE_OK) << context.error();
    const auto* y = context.output<float>(0);
    return {y, y + 4};
  }

  const Floats first = {2, 4, 6, 8}, second = {20, 40, 60, 80};
  TestAllocator memory;

 private:
  hone_allocator fns_ = memory.fns();
  wire::testing::FileBytes file_ = testing::profiles_spec().build();

 protected:
  Engine engine;
  Context context;
};

TEST_F(Profiles, ByNumberTakeTheirOwnRangesAndTactics) {
  create(1);
  EXPECT_EQ(context.profile(), -1) << "not bound yet";
  ASSERT_EQ(bind(2), HONE_OK) << context.error();
  EXPECT_EQ(context.profile(), 1);
  EXPECT_EQ(run(), second);
  EXPECT_EQ(bind(1), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(context.error(), "input 'x': dimension 0 is 1, the profile takes 2 to 64");
}

TEST_F(Profiles, ByShapesAreTheFirstThatFits) {
  create(HONE_ANY_PROFILE);
  for (int64_t n : {1, 4, 5, 64, 2}) {
    ASSERT_EQ(bind(n), HONE_OK) << context.error();
    EXPECT_EQ(context.profile(), n <= 4 ? 0 : 1) << n;
    EXPECT_EQ(run(), n <= 4 ? first : second) << n;
  }
}

TEST_F(Profiles, ShapesThatFitNoneAreRefusedWithWhatEachTakes) {
  create(HONE_ANY_PROFILE);
  EXPECT_EQ(bind(65), HONE_SHAPE_MISMATCH);
  EXPECT_STREQ(context.error(),
               "these shapes fit no profile: profile 0 takes 1 to 4 for dimension 0 of input 'x', "
               "not 65; profile 1 takes 2 to 64 for dimension 0 of input 'x', not 65");
  EXPECT_EQ(bind(64), HONE_OK) << "the context is good for more";
  EXPECT_EQ(run(), second);
}

TEST_F(Profiles, AnyProfileHasMemoryForTheLargest) {
  create(HONE_ANY_PROFILE);
  ASSERT_EQ(bind(1), HONE_OK);
  const uint64_t all = arena_bytes();
  const int made = memory.made;
  for (int64_t n = 1; n <= 64; ++n) {
    ASSERT_EQ(bind(n), HONE_OK);
    EXPECT_EQ(arena_bytes(), all);
  }
  EXPECT_EQ(memory.made, made);
}

TEST_F(Profiles, SwitchWithinAContextInTheMemoryThatIsThere) {
  create(1);
  ASSERT_EQ(bind(4), HONE_OK);
  EXPECT_EQ(run(), second);
  const uint64_t large = arena_bytes();
  const int made = memory.made;
  ASSERT_EQ(context.set_profile(0), HONE_OK);
  EXPECT_EQ(context.run(), HONE_WRONG_STATE) << "it is to be bound again";
  ASSERT_EQ(bind(4), HONE_OK);
  EXPECT_EQ(run(), first);
  EXPECT_LT(arena_bytes(), large);
  EXPECT_EQ(bind(5), HONE_SHAPE_MISMATCH);
  ASSERT_EQ(context.set_profile(1), HONE_OK);
  ASSERT_EQ(bind(64), HONE_OK);
  EXPECT_EQ(run(), second);
  EXPECT_EQ(memory.made, made);
}

TEST_F(Profiles, ALargerOneNeedsALargerArena) {
  create(0);
  ASSERT_EQ(bind(4), HONE_OK);
  alignas(64) static char arena[1 << 14];
  const uint64_t small = arena_bytes();
  ASSERT_EQ(context.set_arena(arena, small), HONE_OK);
  ASSERT_EQ(bind(4), HONE_OK) << context.error();
  ASSERT_EQ(context.set_profile(1), HONE_OK);
  EXPECT_EQ(bind(4), HONE_OUT_OF_MEMORY);
  ASSERT_EQ(context.set_arena(arena, sizeof(arena)), HONE_OK);
  ASSERT_EQ(bind(4), HONE_OK) << context.error();
  EXPECT_EQ(run(), second);
}

TEST_F(Profiles, ThatAreNotThereAreRefused) {
  create(0);
  EXPECT_EQ(context.set_profile(2), HONE_NOT_FOUND);
  EXPECT_STREQ(context.error(), "no profile 2: the engine has 2");
  EXPECT_EQ(context.set_profile(-2), HONE_NOT_FOUND);
  Context other;
  EXPECT_EQ(other.create(engine, nullptr, 2), HONE_NOT_FOUND);
  EXPECT_EQ(hone_context_profile(nullptr), -1);
}

TEST(ProfileChoices, OfKernelsThatAreNotThereAreRefused) {
  auto spec = testing::profiles_spec();
  spec.profiles[1].choices[0].kernel = "binary_f32_nowhere";
  const wire::testing::FileBytes file = spec.build();
  Engine engine;
  Text why;
  EXPECT_EQ(engine.load_memory(file.data(), file.size(), &why), HONE_UNSUPPORTED);
  EXPECT_NE(std::strstr(why.c_str(), "binary_f32_nowhere"), nullptr) << why.c_str();
  spec.profiles[1].choices[0] = {0, "binary_f32_portable", 77, {0, 1}};
  const wire::testing::FileBytes later = spec.build();
  EXPECT_EQ(engine.load_memory(later.data(), later.size(), &why), HONE_VERSION_MISMATCH);
}

}  // namespace
}  // namespace hone::runtime
