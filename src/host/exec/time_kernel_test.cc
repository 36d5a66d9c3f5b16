// What is timed is one thread's share of the work.
#include "host/exec/time_kernel.h"

#include "host/plan/tactics.h"
#include "host/plan/testing/planned.h"

namespace hone::exec {
namespace {

TEST(TimeKernel, MoreThreadsHaveLessToDoEach) {
  const plan::Plan plan = plan::testing::planned(R"(in %a f32[256,128]
in %b f32[128,256]
%y = MatMul(%a, %b) "fc"
out %y as "y"
)",
                                                 plan::testing::test_options(mask(Isa::portable)));
  auto step = plan::concrete(plan, plan.steps[0], {});
  ASSERT_TRUE(step.ok());
  const plan::Candidate c{plan.steps[0].kernel, step->view(), {nullptr, nullptr}};
  TimingOptions options;
  options.budget_ms = 40;
  auto time = make_timer(plan::testing::test_target(), options);
  // A quarter and a 128th (there are 128 pairs of rows), with much room, and on a busy machine
  // another try.
  bool less = false;
  for (int i = 0; i < 10 && !less; ++i) {
    auto one = time(c, 1), four = time(c, 4), many = time(c, 256);
    ASSERT_TRUE(one.ok() && four.ok() && many.ok());
    EXPECT_GT(*many, 0);
    less = *four < *one * 0.6 && *many < *four;
  }
  EXPECT_TRUE(less);
}

TEST(TimeKernel, AStepThatDoesNotBindIsAnError) {
  const plan::Plan plan = plan::testing::planned(R"(in %a f32[4,4]
%y = Exp(%a) "y"
out %y as "y"
)");
  auto step = plan::concrete(plan, plan.steps[0], {});
  ASSERT_TRUE(step.ok());
  step->in[0].dtype = DType::u16;
  const plan::Candidate c{plan.steps[0].kernel, step->view(), {nullptr}};
  auto ns = make_timer(plan::testing::test_target())(c, 1);
  EXPECT_EQ(ns.code(), Code::unsupported);
}

}  // namespace
}  // namespace hone::exec
