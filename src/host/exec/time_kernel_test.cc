// What is timed is one thread's share of the work.
#include "host/exec/time_kernel.h"

#include <chrono>

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

TEST(TimeKernel, WhatIsFarBehindTheFastestIsRunTwice) {
  const plan::Plan plan = plan::testing::planned(R"(in %a f32[256,128]
in %b f32[128,512]
%y = MatMul(%a, %b) "fc"
out %y as "y"
)",
                                                 plan::testing::test_options(mask(Isa::portable)));
  auto step = plan::concrete(plan, plan.steps[0], {});
  ASSERT_TRUE(step.ok());
  plan::Candidate c{plan.steps[0].kernel, step->view(), {nullptr, nullptr}};
  TimingOptions options;
  options.min_runs = 300;
  options.max_runs = 300;
  options.hopeless_ms = 0.01;
  auto time = make_timer(plan::testing::test_target(), options);
  const auto start = std::chrono::steady_clock::now();
  c.fastest_ns = 1;
  auto ns = time(c, 1);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(ns.ok());
  EXPECT_GT(*ns, 8);
  EXPECT_LT(took.count(), 150 * *ns) << "half of the runs it is not given";
  c.fastest_ns = *ns;  // as fast as the fastest: all runs
  const auto again = std::chrono::steady_clock::now();
  ASSERT_TRUE(time(c, 1).ok());
  const std::chrono::duration<double, std::nano> all = std::chrono::steady_clock::now() - again;
  EXPECT_GT(all.count(), 2 * took.count());
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
