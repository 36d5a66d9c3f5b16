// The choice between kernels, with a timer that says what the test wants.
#include "host/plan/tactics.h"

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::plan_error;
using testing::planned;
using testing::test_options;

constexpr const char* product = R"(in %x f32[8,64]
const %w f32[64,64] = zeros
%y = MatMul(%x, %w) "fc"
out %y as "y"
)";

// The product's graph, weights written out.
std::string product_graph() {
  std::string zeros;
  for (int i = 0; i < 64 * 64; ++i) zeros += i == 0 ? "0" : ", 0";
  std::string text = product;
  return text.replace(text.find("zeros"), 5, "[" + zeros + "]");
}

// Times by a part of the kernel's name; others take 1000 ns.
PlanOptions timed(const std::map<std::string, double>& ns, int* calls = nullptr) {
  PlanOptions o = test_options();
  o.time = [ns, calls](const Candidate& c, int) -> Result<double> {
    if (calls != nullptr) ++*calls;
    for (const auto& [part, time] : ns) {
      if (std::string(c.kernel->name).find(part) != std::string::npos) return time;
    }
    return 1000.0;
  };
  return o;
}

// The product as it is before a kernel packs its weights.
const Plan& raw_plan() {
  static const Plan plan = planned(product_graph(), test_options(mask(Isa::portable)));
  return plan;
}

std::string chosen(const PlanOptions& o) {
  const Plan plan = planned(product_graph(), o);
  return plan.steps.empty() ? "" : plan.steps[0].kernel->name;
}

TEST(Tactics, TheFastestWins) {
  EXPECT_EQ(chosen(timed({{"6x64", 500}})), "gemm_f32_6x64_avx512");
  EXPECT_EQ(chosen(timed({{"portable", 500}})), "gemm_f32_portable");
}

TEST(Tactics, ANearTieGoesToTheStableRank) {
  // The table's order: 14x32, 6x64, 9x24, dynamic 14x32, 6x16, dynamic 6x16, portable.
  EXPECT_EQ(chosen(timed({{"f32_14x32", 1029}, {"6x64", 1000}})), "gemm_f32_14x32_avx512");
  EXPECT_EQ(chosen(timed({{"f32_14x32", 1031}, {"6x64", 1000}})), "gemm_f32_6x64_avx512");
  EXPECT_EQ(
      chosen(timed({{"f32_14x32", 2000}, {"6x64", 1031}, {"9x24", 1032}, {"portable", 1010}})),
      "gemm_f32_6x16_avx2")
      << "of all that tie (the others take 1000), the first in the table";
}

TEST(Tactics, WithoutATimerTheFirstThatBindsIsTaken) {
  EXPECT_EQ(chosen(test_options()), "gemm_f32_14x32_avx512");
  EXPECT_EQ(chosen(test_options(up_to(Isa::avx2))), "gemm_f32_6x16_avx2");
  EXPECT_EQ(chosen(test_options(mask(Isa::portable))), "gemm_f32_portable");
}

TEST(Tactics, WhatWasChosenTimedAndRefusedStandsInThePlan) {
  PlanOptions o = timed({{"6x16", 400}});
  o.target.isa = up_to(Isa::avx2);
  const Plan plan = planned(product_graph(), o);
  const std::string text = to_text(plan);
  EXPECT_NE(text.find("= gemm gemm_f32_6x16_avx2 v1 ("), std::string::npos) << text;
  EXPECT_NE(text.find("  tactic gemm_f32_6x16_avx2 400 ns\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  tactic gemm_f32_portable 1000 ns\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  refused gemm_f32_14x32_avx512: needs avx512\n"), std::string::npos)
      << text;
  const Step& step = plan.steps[0];
  EXPECT_EQ(step.ns, 400);
  for (size_t i = 1; i < step.tactics.size(); ++i) {
    const TacticNote &a = step.tactics[i - 1], &b = step.tactics[i];
    if (a.reason.empty() && b.reason.empty()) {
      EXPECT_LE(a.ns, b.ns) << "best first";
    }
    EXPECT_TRUE(b.reason.empty() <= a.reason.empty()) << "refused ones last";
  }
}

TEST(Tactics, TimesComeFromTheCacheAndGoThere) {
  TimingCache cache;
  int calls = 0;
  PlanOptions o = timed({{"6x64", 500}}, &calls);
  o.cache = &cache;
  const Plan cold = planned(product_graph(), o);
  const int first = calls;
  EXPECT_GT(first, 3);
  EXPECT_EQ(cache.size(), static_cast<size_t>(first));
  EXPECT_TRUE(cache.changed());
  o.error_on_cache_miss = true;
  const Plan warm = planned(product_graph(), o);
  EXPECT_EQ(calls, first) << "nothing is timed twice";
  EXPECT_EQ(to_text(cold), to_text(warm));
  // Nobody to time: the cache alone decides the same.
  o.time = nullptr;
  EXPECT_EQ(to_text(planned(product_graph(), o)), to_text(cold));
}

TEST(Tactics, TheCacheIsKeyedByEverythingThatMatters) {
  TimingCache cache;
  int calls = 0;
  PlanOptions base = timed({{"6x64", 500}}, &calls);
  base.cache = &cache;
  planned(product_graph(), base);
  const auto misses = [&](const PlanOptions& o, const std::string& graph) {
    int before = calls;
    planned(graph, o);
    return calls - before;
  };
  EXPECT_EQ(misses(base, product_graph()), 0);
  PlanOptions o = base;
  o.threads = 2;
  EXPECT_GT(misses(o, product_graph()), 0) << "threads";
  o = base;
  std::snprintf(o.target.cpu, sizeof(o.target.cpu), "Other CPU");
  EXPECT_GT(misses(o, product_graph()), 0) << "cpu";
  o = base;
  o.target.isa = up_to(Isa::avx512_vnni);
  EXPECT_GT(misses(o, product_graph()), 0) << "isa";
  std::string wider = product_graph();
  wider.replace(wider.find("f32[8,64]"), 9, "f32[9,64]");
  EXPECT_GT(misses(base, wider), 0) << "shape";
}

TEST(Tactics, TheKeyHoldsVersionAndAttributes) {
  const Plan plan = planned(product_graph());
  auto step = concrete(plan, plan.steps[0], {});
  ASSERT_TRUE(step.ok());
  kernels::Kernel k = *plan.steps[0].kernel;
  const Target t = testing::test_target();
  const std::string key = timing_key(k, *step, t, 1);
  ++k.version;
  EXPECT_NE(timing_key(k, *step, t, 1), key);
  --k.version;
  EXPECT_EQ(timing_key(k, *step, t, 1), key);
  ConcreteStep other = *step;
  other.attrs[0] ^= 1;
  EXPECT_NE(timing_key(k, other, t, 1), key);
  other = *step;
  other.dims.push_back(3);
  EXPECT_NE(timing_key(k, other, t, 1), key);
  other = *step;
  other.out[0].strides[0] += 16;
  EXPECT_NE(timing_key(k, other, t, 1), key);
}

TEST(Tactics, ACacheThatLacksACandidateLeavesTheChoiceToTheRank) {
  // Untimed as rank has it; timed, 6x64 would win.
  PlanOptions o = test_options();
  const Plan untimed = planned(product_graph(), o);
  TimingCache cache;
  o.cache = &cache;
  std::string missing;
  for (const TacticNote& t : untimed.steps[0].tactics) {
    const kernels::Kernel* k = kernels::find_kernel(t.kernel.c_str());
    if (!t.reason.empty()) continue;
    // Packed weights are no longer what the key describes: the raw step is.
    auto raw = concrete(raw_plan(), raw_plan().steps[0], {});
    ASSERT_TRUE(raw.ok());
    if (t.kernel == "gemm_f32_portable") {
      missing = timing_key(*k, *raw, o.target, o.threads);
    } else {
      cache.add(timing_key(*k, *raw, o.target, o.threads),
                t.kernel == "gemm_f32_6x64_avx512" ? 5 : 9);
    }
  }
  ASSERT_GT(cache.size(), 2u);
  const Plan plan = planned(product_graph(), o);
  EXPECT_STREQ(plan.steps[0].kernel->name, "gemm_f32_14x32_avx512");
  EXPECT_EQ(plan.steps[0].ns, 0) << "not timed, and says so";
  cache.add(missing, 9);
  const Plan complete = planned(product_graph(), o);
  EXPECT_STREQ(complete.steps[0].kernel->name, "gemm_f32_6x64_avx512");
  EXPECT_EQ(complete.steps[0].ns, 5);
  cache = TimingCache();
  o.error_on_cache_miss = true;
  EXPECT_EQ(plan_error(product_graph(), o)
                .find("node 'fc' (MatMul): the timing cache has no timing of gemm_"),
            0u);
}

TEST(Tactics, ATimersErrorNamesTheNode) {
  PlanOptions o = test_options();
  o.time = [](const Candidate&, int) -> Result<double> { return invalid("no clock"); };
  EXPECT_EQ(plan_error(product_graph(), o), "node 'fc' (MatMul): no clock");
}

TEST(Tactics, StepsWithoutAKernelAreAllNamedWithTheReasons) {
  const std::string text = plan_error(R"(in %x f64[2,3,8,8]
const %w f64[3,3,1,1] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
%a = Conv(%x, %w) "one"
%i = Cast(%a) {to=6} "cast"
%b = Shrink(%i) "two"
out %b as "y"
)");
  EXPECT_NE(text.find("node 'one' (Conv): no convolution kernel for f64"), std::string::npos)
      << text;
  EXPECT_NE(text.find("node 'two' (Shrink): no kernel: "), std::string::npos) << text;
  EXPECT_NE(text.find("unary_f32_portable"), std::string::npos) << text;
}

}  // namespace
}  // namespace hone::plan
