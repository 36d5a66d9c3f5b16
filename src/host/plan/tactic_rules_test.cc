#include "host/plan/tactic_rules.h"

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::plan_error;
using testing::planned;
using testing::test_options;

TacticRules rules(const std::vector<std::string>& texts) {
  auto parsed = parse_tactic_rules(texts);
  EXPECT_TRUE(parsed.ok()) << parsed.status().text();
  return parsed.ok() ? *parsed : TacticRules();
}

std::string refusal(const std::vector<std::string>& texts, const char* kernel) {
  return rules(texts).refusal(*kernels::find_kernel(kernel));
}

constexpr const char* body = R"(in %x f32[2,3]
const %w f32[3,2] = [1, 2, 3, 4, 5, 6]
%y = MatMul(%x, %w) "fc"
%z = Exp(%y) "e"
out %z as "z"
)";

TEST(TacticRules, DenyRefusesWhatItMatches) {
  EXPECT_EQ(refusal({"deny=gemm_f32_*"}, "gemm_f32_portable"), "--tactics deny=gemm_f32_*");
  EXPECT_EQ(refusal({"deny=gemm_f32_*"}, "conv_f32_portable"), "");
  EXPECT_EQ(refusal({}, "gemm_f32_portable"), "");
}

TEST(TacticRules, AllowRefusesTheRestOfTheFamilyOnly) {
  const std::vector<std::string> texts = {"allow=*f32_portable", "allow=pool_*"};
  EXPECT_EQ(refusal(texts, "conv_f32_portable"), "");
  EXPECT_EQ(refusal(texts, "pool_f32_portable"), "");
  EXPECT_EQ(refusal({"allow=conv_dw_f32_portable"}, "conv_f32_portable"),
            "--tactics allow=conv_dw_f32_portable");
  EXPECT_EQ(refusal({"allow=conv_dw_f32_portable"}, "gemm_f32_portable"), "")
      << "a family that no pattern speaks of";
}

TEST(TacticRules, DenyIsStrongerThanAllow) {
  EXPECT_EQ(refusal({"allow=gemm_*", "deny=*portable"}, "gemm_f32_portable"),
            "--tactics deny=*portable");
}

TEST(TacticRules, APatternThatMatchesNothingNamesNearOnes) {
  auto parsed = parse_tactic_rules({"deny=gemm_f32_portible"});
  EXPECT_EQ(parsed.code(), Code::invalid_argument);
  EXPECT_EQ(parsed.status().text().find(
                "--tactics deny=gemm_f32_portible: no kernel's name matches; near ones: "),
            0u)
      << parsed.status().text();
  EXPECT_NE(parsed.status().text().find("gemm_f32_portable"), std::string::npos)
      << parsed.status().text();
  EXPECT_EQ(parse_tactic_rules({"deny=@@@@"}).status().text(),
            "--tactics deny=@@@@: no kernel's name matches; hone kernels lists them");
}

TEST(TacticRules, OtherFormsAreRefused) {
  for (const char* text : {"", "gemm_*", "deny", "deny=", "=gemm_*", "refuse=gemm_*"}) {
    auto parsed = parse_tactic_rules({text});
    EXPECT_EQ(parsed.code(), Code::invalid_argument) << text;
    EXPECT_NE(parsed.status().text().find("is not allow=PATTERN or deny=PATTERN"),
              std::string::npos)
        << parsed.status().text();
  }
}

TEST(TacticRules, DecideAPlanAndStandInItsNotes) {
  PlanOptions o = test_options();
  o.tactics.deny = {"*avx512"};
  const Plan plan = planned(body, o);
  EXPECT_STREQ(plan.steps[0].kernel->name, "gemm_f32_6x16_avx2");
  EXPECT_NE(to_text(plan).find("  refused gemm_f32_14x32_avx512: --tactics deny=*avx512\n"),
            std::string::npos)
      << to_text(plan);
}

TEST(TacticRules, ANodeThatIsLeftWithoutTacticNamesThePattern) {
  PlanOptions o = test_options();
  o.tactics.deny = {"gemm_*"};
  const std::string text = plan_error(body, o);
  EXPECT_EQ(text.find("cannot build: node 'fc' (MatMul): no kernel: --tactics deny=gemm_* ("), 0u)
      << text;
}

TEST(TacticRules, PreferredKernelsAreOfThoseThatAreLeft) {
  PlanOptions o = test_options();
  o.tactics.deny = {"*avx512"};
  o.prefer_kernel = "avx512";
  EXPECT_STREQ(planned(body, o).steps[0].kernel->name, "gemm_f32_6x16_avx2");
  o.prefer_kernel = "portable";
  EXPECT_STREQ(planned(body, o).steps[0].kernel->name, "gemm_f32_portable");
}

}  // namespace
}  // namespace hone::plan
