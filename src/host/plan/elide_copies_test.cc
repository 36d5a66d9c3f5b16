#include "host/plan/elide_copies.h"

#include <algorithm>

#include "host/passes/pass.h"
#include "host/plan/testing/planned.h"

namespace hone::passes {
extern const Pass assign_layouts;
}

namespace hone::plan {
namespace {

// Convolutions' values channels last, as builds have them.
Plan planned(const std::string& body) {
  graph::Graph g = testing::parsed(body);
  passes::Options options;
  options.engine = true;
  auto report = passes::run_passes(g, options, {&passes::assign_layouts});
  EXPECT_TRUE(report.ok()) << report.status().text();
  auto plan = make_plan(g, testing::test_options());
  EXPECT_TRUE(plan.ok()) << plan.status().text();
  return plan.ok() ? *plan : Plan();
}

int64_t copies(const Plan& plan) {
  return std::count_if(plan.steps.begin(), plan.steps.end(),
                       [](const Step& s) { return s.family == "copy"; });
}

// The picture to channels last, the result back: what every one of these graphs needs.
constexpr int64_t both_ends = 2;

std::string with_weights(const std::string& nodes) {
  return R"(in %x f32[n,2,4,4]
const %w f32[2,2,1,1] = [1, 2, 3, 4]
const %v f32[1,4,1,1] = [1, 2, 3, 4]
const %u f32[1,1,1,1] = [5]
)" + nodes;
}

TEST(ElideCopies, ConvolutionsWriteIntoTheConcatenation) {
  EXPECT_EQ(copies(planned(with_weights(R"(%a = Conv(%x, %w) "a"
%b = Conv(%a, %w) "b"
%c = Concat(%a, %b) {axis=1} "c"
%y = Conv(%c, %v) "y"
out %y as "y"
)"))),
            1)
      << "the result has one channel: no copy back";
}

TEST(ElideCopies, ConvolutionsReadTheirPart) {
  const Plan plan = planned(with_weights(R"(const %halves i64[2] = [1, 1]
%a = Conv(%x, %w) "a"
%p, %q = Split(%a, %halves) {axis=1} "s"
%b = Conv(%p, %u) "b"
%c = Conv(%q, %u) "c"
%y = Concat(%b, %c) {axis=1} "y"
out %y as "y"
)"));
  EXPECT_EQ(copies(plan), both_ends);
}

TEST(ElideCopies, PartsOfAPartAreOneConcatenation) {
  const Plan plan = planned(with_weights(R"(const %halves i64[2] = [1, 1]
%a = Conv(%x, %w) "a"
%p, %q = Split(%a, %halves) {axis=1} "s"
%b = Conv(%q, %u) "b"
%c = Concat(%a, %b) {axis=1} "c"
%d = Concat(%c, %p) {axis=1} "d"
%y = Conv(%d, %v) "y"
out %y as "y"
)"));
  EXPECT_EQ(copies(plan), both_ends) << "in, and %p once more";
}

TEST(ElideCopies, LeavesWhatOtherKernelsRead) {
  const Plan plan = planned(with_weights(R"(%a = Conv(%x, %w) "a"
%e = Exp(%a) "e"
%c = Concat(%a, %e) {axis=1} "c"
%y = Conv(%c, %v) "y"
out %y as "y"
)"));
  EXPECT_EQ(copies(plan), 3) << "in, %a which Exp reads as one piece, %e which it writes so";
}

TEST(ElideCopies, LeavesTwiceTheSameValue) {
  const Plan plan = planned(with_weights(R"(%a = Conv(%x, %w) "a"
%c = Concat(%a, %a) {axis=1} "c"
%y = Conv(%c, %v) "y"
out %y as "y"
)"));
  EXPECT_EQ(copies(plan), 2) << "in, and from the first half to the second";
}

// Rows of the first picture's half are not those of the second at one distance.
TEST(ElideCopies, LeavesPartsWithoutEqualRows) {
  const Plan plan = planned(with_weights(R"(const %halves i64[2] = [2, 2]
%a = Conv(%x, %w) "a"
%p, %q = Split(%a, %halves) {axis=2} "s"
%b = Conv(%p, %w) "b"
%c = Conv(%q, %w) "c"
%y = Concat(%b, %c) {axis=1} "y"
out %y as "y"
)"));
  EXPECT_EQ(copies(plan), both_ends + 2);
}

}  // namespace
}  // namespace hone::plan
