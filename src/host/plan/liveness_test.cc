// In-place sharing, lifetimes, and the profile's sizes.
#include "host/plan/liveness.h"

#include <stdexcept>

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::planned;
using testing::test_options;

size_t arena_storages(const Plan& plan) {
  return static_cast<size_t>(
      std::count_if(plan.storages.begin(), plan.storages.end(),
                    [](const Storage& s) { return s.place == Place::arena; }));
}

const Step& step_of(const Plan& plan, const std::string& layer) {
  auto it = std::find_if(plan.steps.begin(), plan.steps.end(),
                         [&](const Step& s) { return s.layer == layer; });
  if (it == plan.steps.end()) throw std::runtime_error("no step '" + layer + "'");
  return *it;
}

int32_t storage_of(const Plan& plan, PlanValue v) {
  return plan.values[static_cast<size_t>(v)].storage;
}

bool in_place(const Plan& plan, const std::string& layer, size_t input = 0) {
  const Step& s = step_of(plan, layer);
  return storage_of(plan, s.in[input]) == storage_of(plan, s.out[0]);
}

TEST(InPlace, AChainOfElementwiseStepsTakesOneBuffer) {
  const Plan plan = planned(R"(in %x f32[4,8]
%a = Exp(%x) "a"
%b = Tanh(%a) "b"
%c = Neg(%b) "c"
%y = ReduceSum(%c) {keepdims=1} "y"
out %y as "y"
)");
  EXPECT_FALSE(in_place(plan, "a")) << "the caller's input must not be written";
  EXPECT_TRUE(in_place(plan, "b"));
  EXPECT_TRUE(in_place(plan, "c"));
  EXPECT_EQ(arena_storages(plan), 1u);
  EXPECT_EQ(plan.profiles[0].arena_bytes, 4 * 8 * 4);
}

TEST(InPlace, NotOverWhatIsReadLater) {
  const Plan plan = planned(R"(in %x f32[4,8]
%a = Exp(%x) "a"
%b = Tanh(%a) "b"
%c = Neg(%b) "c"
%d = Add(%c, %a) "d"
%y = ReduceSum(%d) {keepdims=1} "y"
out %y as "y"
)");
  EXPECT_FALSE(in_place(plan, "b"));
  EXPECT_TRUE(in_place(plan, "c"));
  EXPECT_TRUE(in_place(plan, "d", 0));
}

TEST(InPlace, NotOverABroadcastOperandNorTwice) {
  const Plan plan = planned(R"(in %x f32[4,8]
in %z f32[1,8]
%a = Exp(%z) "a"
%b = Neg(%x) "b"
%c = Add(%a, %b) "c"
%d = Mul(%c, %c) "d"
%y = ReduceSum(%d) {keepdims=1} "y"
out %y as "y"
)");
  EXPECT_FALSE(in_place(plan, "c", 0));
  EXPECT_TRUE(in_place(plan, "c", 1));
  EXPECT_FALSE(in_place(plan, "d")) << "both operands are the same memory";
}

TEST(InPlace, NotIntoAnotherType) {
  const Plan plan = planned(R"(in %x f32[4,8]
%a = Exp(%x) "a"
%b = IsNaN(%a) "b"
out %b as "y"
)");
  EXPECT_FALSE(in_place(plan, "b"));
}

TEST(Lifetimes, ReachFromTheFirstToTheLastStepThatTouches) {
  const Plan plan = planned(R"(in %x f32[4,8]
%a = Softplus(%x) "a"
%b = ReduceMean(%a) {keepdims=1} "b"
%c = Sub(%a, %b) "c"
%d = ReduceSum(%c) {keepdims=1} "d"
out %d as "y"
)");
  ASSERT_EQ(plan.steps.size(), 4u);
  const Storage& a = plan.storages[static_cast<size_t>(storage_of(plan, plan.steps[0].out[0]))];
  EXPECT_EQ(a.first_step, 0);
  EXPECT_EQ(a.last_step, 3);  // c took a's place
  const Storage& b = plan.storages[static_cast<size_t>(storage_of(plan, plan.steps[1].out[0]))];
  EXPECT_EQ(b.first_step, 1);
  EXPECT_EQ(b.last_step, 2);
}

TEST(Lifetimes, ValuesOfTwoBranchesShareMemory) {
  const Plan plan = planned(R"(in %x f32[64]
in %flag bool[]
const %n i64[1] = [64]
%a = Exp(%x) "a"
%y = If(%flag) "if"
  then_branch: {
    %t = ReduceSum(%a) {keepdims=1} "t"
    %u = Expand(%t, %n) "u"
    out %u
  }
  else_branch: {
    %e = Softplus(%a) "e"
    out %e
  }
out %y as "y"
)");
  const auto offset = [&](const std::string& layer) {
    const Storage& s =
        plan.storages[static_cast<size_t>(storage_of(plan, step_of(plan, layer).out[0]))];
    return s.place == Place::arena ? plan.profiles[0].slot_offsets[static_cast<size_t>(s.index)]
                                   : -1;
  };
  EXPECT_NE(offset("a"), offset("u"));
  EXPECT_GE(plan.profiles[0].arena_bytes, 2 * 64 * 4);
  EXPECT_LE(plan.profiles[0].arena_bytes, 3 * 64 * 4);
}

// What padding an input to a multiple of 64 adds: largest between the ends of a range.
constexpr const char* padding = R"(in %x f32[n]
const %unit i64[1] = [64]
%s = Shape(%x)
%rest = Mod(%s, %unit)
%more = Sub(%unit, %rest)
%fill = ConstantOfShape(%more) {value=tensor f32[1] [2]} "fill"
%soft = Softplus(%fill) "soft"
%y = ReduceSum(%soft) {keepdims=1} "y"
out %y as "y"
)";

TEST(ProfileSizes, HoldForSizesBetweenTheEnds) {
  PlanOptions o = test_options();
  o.profiles = {{{"x", {{60, 61, 127}}}}};  // adds 4 and 1 at the ends, 64 at n = 64
  EXPECT_EQ(planned(padding, o).profiles[0].arena_bytes, 64 * 4);
  o.profiles = {{{"x", {{60, 61, 63}}}}};  // 4 at most
  EXPECT_EQ(planned(padding, o).profiles[0].arena_bytes, 64);
}

TEST(ProfileSizes, TooManySizesToTryTakeTheBoundThatIsProven) {
  PlanOptions o = test_options();
  o.profiles = {{{"x", {{60, 61, 1000063}}}}};
  EXPECT_EQ(planned(padding, o).profiles[0].arena_bytes, 64 * 4);
}

}  // namespace
}  // namespace hone::plan
