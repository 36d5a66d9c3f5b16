// Profiles, example sizes, and all that is missing named at once.
#include "host/plan/make_plan.h"

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::parsed;
using testing::plan_error;
using testing::planned;
using testing::test_options;

constexpr const char* two_inputs = R"(in %a f32[n,4]
in %b f32[n,m]
%x = Exp(%a) "x"
%y = Concat(%x, %b) {axis=1} "cat"
%z = ReduceSum(%y) {keepdims=1} "sum"
out %z as "z"
)";

PlanOptions with_profile(ProfileSpec profile) {
  PlanOptions o = test_options();
  o.profiles = {std::move(profile)};
  return o;
}

TEST(Profile, OfAllInputsFixesTheArena) {
  const Plan plan = planned(
      two_inputs, with_profile({{"a", {{1, 2, 8}, {4, 4, 4}}}, {"b", {{1, 2, 8}, {1, 3, 5}}}}));
  ASSERT_EQ(plan.profiles.size(), 1u);
  const Profile& p = plan.profiles[0];
  ASSERT_EQ(p.ranges.size(), 4u);
  EXPECT_EQ(p.ranges[3].max, 5);
  EXPECT_GE(p.arena_bytes, 8 * 9 * 4) << "the concatenation at its largest";
  EXPECT_LE(p.lower_bound_bytes, p.arena_bytes);
  EXPECT_EQ(plan.example(), (std::map<std::string, int64_t>{{"m", 3}, {"n", 2}}));
}

TEST(Profile, ASymbolGivenByOneInputHoldsForTheOthers) {
  const Plan plan = planned(two_inputs, with_profile({{"b", {{1, 2, 8}, {1, 3, 5}}}}));
  ASSERT_EQ(plan.profiles[0].ranges.size(), 4u);
  EXPECT_EQ(plan.profiles[0].ranges[0].max, 8) << "n, of input a";
}

TEST(Profile, Refusals) {
  const auto error = [](ProfileSpec profile) {
    return plan_error(two_inputs, with_profile(std::move(profile)));
  };
  EXPECT_EQ(error({{"c", {{1, 1, 1}}}}), "--profile names 'c', which is no input");
  EXPECT_EQ(error({{"a", {{1, 1, 1}}}}), "--profile gives 1 dimensions for input 'a', which has 2");
  EXPECT_EQ(error({{"a", {{1, 2, 8}, {4, 4, 4}}}}),
            "--profile leaves dimension 1 (m) of input 'b' open: give its range too");
  EXPECT_EQ(error({{"a", {{2, 1, 8}, {4, 4, 4}}}}),
            "--profile 2:1:8 does not fit dimension 0 of input 'a' (n): it must be min <= opt <= "
            "max");
  EXPECT_EQ(error({{"a", {{0, 1, 8}, {4, 4, 4}}}}),
            "--profile 0:1:8 does not fit dimension 0 of input 'a' (n): sizes begin at 1");
  EXPECT_EQ(error({{"a", {{1, 1, 8}, {4, 4, 5}}}}),
            "--profile 4:4:5 does not fit dimension 1 of input 'a' (4): the model fixes its size");
  EXPECT_EQ(error({{"a", {{1, 2, 8}, {4, 4, 4}}}, {"b", {{1, 2, 9}, {1, 3, 5}}}}),
            "--profile gives 'n' two ranges: 1:2:8 and, in input 'b', 1:2:9");
}

TEST(ExampleSizes, AreOneForTheFirstDimensionAnd64ForOthers) {
  const Plan plan = planned(two_inputs);
  EXPECT_EQ(plan.example(), (std::map<std::string, int64_t>{{"m", 64}, {"n", 1}}));
  EXPECT_TRUE(plan.profiles.at(0).ranges.empty()) << "any size";
}

TEST(ExampleSizes, AreLargerWhereTheModelNeedsIt) {
  const Plan plan = planned(R"(in %x f32[n,1,h]
const %w f32[1,1,100] = [)" +
                            [] {
                              std::string zeros = "0";
                              for (int i = 1; i < 100; ++i) zeros += ", 0";
                              return zeros;
                            }() +
                            R"(]
%y = Conv(%x, %w) "wide"
out %y as "y"
)");
  EXPECT_EQ(plan.example().at("h"), 128);
}

TEST(ExampleSizes, AreSmallerWhereATableEnds) {
  const Plan plan = planned(R"(in %x f32[n,s]
const %table f32[20] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
const %zero i64[1] = [0]
%s = Shape(%x) {start=1} "size"
%p = Slice(%table, %zero, %s) "places"
%y = Add(%x, %p) "sum"
out %y as "y"
)");
  EXPECT_EQ(plan.example().at("s"), 16);
}

TEST(Problems, AreAllNamedAtOnce) {
  const char* body = R"(in %x f32[4]
in %i i64[n]
%a = Unique(%i) "which"
%b = Exp(%x) "fine"
%c = Multinomial(%b) "drawn"
out %b as "b"
)";
  std::vector<Problem> problems;
  auto g = graph::parse_text(std::string("graph \"g\" opset {\"\" 18}\n") + body);
  ASSERT_TRUE(g.ok());
  for (graph::ValueId v = 0; v < g->value_count();
       ++v) {  // as inference leaves what it cannot know
    if (g->value(v).name == "a")
      g->set_fact(v, graph::Fact::of(DType::i64, {Dim(1), Dim::symbol("k")}));
    if (g->value(v).name == "b") g->set_fact(v, graph::Fact::of(DType::f32, {Dim(4)}));
    if (g->value(v).name == "c") g->set_fact(v, graph::Fact::of(DType::f32, {Dim(4)}));
  }
  auto plan = make_plan(*g, test_options(), &problems);
  ASSERT_TRUE(plan.ok()) << plan.status().text();
  std::string text;
  for (const Problem& p : problems) text += problem_text(p) + "\n";
  EXPECT_EQ(text,
            "node 'which' (Unique): the model declares a fixed size for what the data decide\n"
            "node 'drawn' (Multinomial): no kernel; it runs in the reference executor only\n"
            "sizes known only when the data are: k\n");
  auto refused = make_plan(*g, test_options());
  EXPECT_EQ(refused.code(), Code::unsupported);
  EXPECT_EQ(refused.status().text().find("cannot build: node 'which' (Unique)"), 0u);
}

TEST(ShapeArithmetic, NeedsNoKernel) {
  const Plan plan = planned(R"(in %x f32[n,4]
%s = Shape(%x) "shape"
%k = Size(%x) "size"
%y = Exp(%x) "y"
out %y as "y"
out %s as "s"
out %k as "k"
)");
  std::vector<std::string> families;
  for (const Step& s : plan.steps) families.push_back(s.family);
  EXPECT_EQ(std::count(families.begin(), families.end(), "fill"), 2)
      << "shapes asked for as data are filled in";
}

TEST(Split, OfWholeRowsIsReadWhereItLies) {
  const auto steps = [](const std::string& axis) {
    return planned("in %x f32[1,4,6]\n%e = Exp(%x) \"e\"\n%a, %b = Split(%e) {axis=" + axis +
                   ", num_outputs=2} \"s\"\n%y = Mul(%a, %b) \"y\"\nout %y as \"y\"\n")
        .steps.size();
  };
  EXPECT_EQ(steps("1"), 2u) << "Exp and Mul";
  EXPECT_EQ(steps("2"), 4u) << "columns lie apart: copied";
}

}  // namespace
}  // namespace hone::plan
