// What packing may add to the weights, with times that the test says.
#include "host/plan/weight_growth.h"

#include <fmt/format.h>

#include "host/plan/tactics.h"
#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::planned;
using testing::test_options;

std::string zeros(int n) {
  std::string text = "0";
  for (int i = 1; i < n; ++i) text += ", 0";
  return text;
}

// Two convolutions of 32 channels, to 32 and to 64.
std::string two() {
  return "in %x f32[1,32,8,8]\nconst %v f32[32,32,3,3] = [" + zeros(9216) +
         "]\nconst %w f32[64,32,3,3] = [" + zeros(18432) + R"(]
%a = Conv(%x, %v) {pads=[1, 1, 1, 1]} "first"
%y = Conv(%a, %w) {pads=[1, 1, 1, 1]} "second"
out %y as "y"
)";
}

// Winograd's F(4) is the fastest everywhere: of the first by 300 ns, of the second by 400. F(2) is
// between.
PlanOptions options(double growth) {
  PlanOptions o = test_options();
  o.max_weight_growth = growth;
  o.time = [](const Candidate& c, int) -> Result<double> {
    const std::string name = c.kernel->name;
    const bool first = c.step.out[0].shape[3] == 32;
    if (name == "conv_f32_winograd4_14x32_avx512") return first ? 700.0 : 600.0;
    if (name == "conv_f32_winograd2_14x32_avx512") return first ? 950.0 : 900.0;
    return name == "conv_f32_14x32_avx512" ? 1000.0 : 2000.0;
  };
  return o;
}

std::string kernels_at(double growth, Plan* plan = nullptr) {
  const Plan p = planned(two(), options(growth));
  std::string names;
  for (const Step& s : p.steps) {
    if (s.family == "conv") names += std::string(s.kernel->name).substr(9, 9) + " ";
  }
  if (plan != nullptr) *plan = p;
  return names;
}

TEST(WeightGrowth, TakesTheFastestWhereThereIsRoom) {
  EXPECT_EQ(kernels_at(5), "winograd4 winograd4 ");
}

// F(4) takes 36 / 9 of the least, F(2) 16 / 9. In units of the first's least: the second's F(4)
// for direct loses 400 ns for 6, the first's 300 for 3. Then room that is left is used.
TEST(WeightGrowth, GivesUpWhatCostsLeastForAByte) {
  EXPECT_EQ(kernels_at(3.5), "winograd4 winograd2 ");
  EXPECT_EQ(kernels_at(2.1), "winograd4 14x32_avx ");
  EXPECT_EQ(kernels_at(1.9), "winograd2 winograd2 ");
}

TEST(WeightGrowth, GoesToTheSmallestAndNoFurther) {
  Plan plan;
  EXPECT_EQ(kernels_at(1, &plan), "14x32_avx 14x32_avx ");
  const std::string text = to_text(plan);
  EXPECT_NE(text.find("refused conv_f32_winograd4_14x32_avx512: 600 ns, but all weights would "
                      "take more than 1 times their least"),
            std::string::npos)
      << text;
  for (const Step& s : plan.steps) {
    if (s.family == "conv") {
      EXPECT_EQ(s.ns, 1000);
    }
  }
}

}  // namespace
}  // namespace hone::plan
