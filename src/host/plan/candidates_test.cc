// Bounds on what tactics may take: memory to work in, and their number.
#include "host/plan/candidates.h"

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::plan_error;
using testing::planned;
using testing::test_options;

// A convolution that Winograd may compute, which works in memory of its own.
std::string conv(const char* input) {
  std::string zeros = "0";
  for (int i = 1; i < 9216; ++i) zeros += ", 0";
  return std::string("in %x f32") + input + "\nconst %w f32[32,32,3,3] = [" + zeros + R"(]
%y = Conv(%x, %w) {pads=[1, 1, 1, 1]} "conv"
out %y as "y"
)";
}

const Step& conv_of(const Plan& plan) {
  for (const Step& s : plan.steps) {
    if (s.family == "conv") return s;
  }
  return plan.steps.at(0);
}

// The reason why the convolution's kernel was refused; "" where it was not.
std::string refused(const Plan& plan, const std::string& kernel) {
  for (const TacticNote& t : conv_of(plan).tactics) {
    if (t.kernel == kernel) return t.reason;
  }
  return "not there";
}

// What the kernel works in, for as many threads.
int64_t needs(const char* kernel, int64_t batch, int threads) {
  const Plan plan = planned(conv(("[" + std::to_string(batch) + ",32,8,8]").c_str()), [&] {
    PlanOptions o = test_options();
    o.prefer_kernel = kernel;
    return o;
  }());
  auto step = concrete(plan, conv_of(plan), {});
  alignas(16) std::byte params[kernels::max_params_bytes];
  kernels::Work work;
  EXPECT_EQ(kernels::find_kernel(kernel)->bind(step->view(), params, &work), nullptr);
  return work.scratch_bytes * threads + work.workspace_bytes;
}

constexpr const char* winograd = "conv_f32_winograd4_14x32_avx512";

TEST(Workspace, RefusesWhatNeedsMore) {
  const int64_t most = needs(winograd, 1, 1);
  ASSERT_GT(most, 0);
  PlanOptions o = test_options();
  o.max_workspace = most;
  EXPECT_EQ(refused(planned(conv("[1,32,8,8]"), o), winograd), "");
  o.max_workspace = most - 1;
  EXPECT_EQ(refused(planned(conv("[1,32,8,8]"), o), winograd),
            "needs " + std::to_string(most) + " bytes of workspace, --workspace allows " +
                std::to_string(most - 1));
}

TEST(Workspace, IsOfAllThreadsAndAtTheLargestSizes) {
  PlanOptions o = test_options();
  o.threads = 4;
  o.max_workspace = needs(winograd, 1, 4) - 1;
  EXPECT_NE(refused(planned(conv("[1,32,8,8]"), o), winograd), "");
  o.max_workspace += 1;
  EXPECT_EQ(refused(planned(conv("[1,32,8,8]"), o), winograd), "");
  o.threads = 1;
  const int64_t large = needs(winograd, 64, 1);
  o.profiles = {{{"x", {{1, 1, 64}, {32, 32, 32}, {8, 8, 8}, {8, 8, 8}}}}};
  o.max_workspace = large;
  EXPECT_EQ(refused(planned(conv("[n,32,8,8]"), o), winograd), "");
  o.max_workspace = large - 1;
  EXPECT_NE(refused(planned(conv("[n,32,8,8]"), o), winograd), "");
}

TEST(Workspace, SaysHowMuchItTakesWhereItIsTooLittle) {
  PlanOptions o = test_options();
  o.tactics.allow = {winograd};
  o.max_workspace = 10;
  const std::string most = std::to_string(needs(winograd, 1, 1));
  const std::string text = plan_error(conv("[1,32,8,8]"), o);
  EXPECT_NE(text.find("node 'conv' (Conv): no kernel: "), std::string::npos) << text;
  EXPECT_NE(text.find("needs " + most + " bytes of workspace, --workspace allows 10 (" + winograd),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("; --workspace 10 is too little, it takes " + most + " bytes"),
            std::string::npos)
      << text;
}

TEST(MaxTactics, LeavesOutThoseOfLastRank) {
  PlanOptions o = test_options();
  o.max_tactics = 2;
  const Plan plan = planned(conv("[1,32,8,8]"), o);
  int candidates = 0, left_out = 0;
  for (const TacticNote& t : conv_of(plan).tactics) {
    candidates += t.reason.empty() ? 1 : 0;
    left_out += t.reason.find("not tried: ") == 0 ? 1 : 0;
  }
  EXPECT_EQ(candidates, 2);
  EXPECT_GT(left_out, 2);
  EXPECT_EQ(refused(plan, "conv_f32_14x32_avx512"), "") << "the first of the table";
  EXPECT_EQ(refused(plan, "conv_f32_6x16_avx2"), "not tried: 3 others rank before it");
}

}  // namespace
}  // namespace hone::plan
