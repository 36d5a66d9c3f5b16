// A plan taken over, and what keeps it from being.
#include "host/plan/refit.h"

#include "host/plan/testing/planned.h"

namespace hone::plan {
namespace {

using testing::planned;
using testing::test_options;

std::string net(const char* op = "Relu", const char* weights = "1, 2, 3, 4, 5, 6") {
  return std::string("in %x f32[n,3]\nconst %w f32[3,2] = [") + weights +
         "]\n%y = MatMul(%x, %w) \"fc\"\n%z = " + op + "(%y) \"act\"\nout %z as \"z\"\n";
}

// Kernels timed so that the last of the table wins: by rank another would.
PlanOptions odd_options() {
  PlanOptions o = test_options();
  o.time = [](const Candidate& c, int) -> Result<double> {
    return std::string(c.kernel->name).find("portable") != std::string::npos ? 10.0 : 20.0;
  };
  return o;
}

// As it would be read from the plan's engine.
EarlierTactics earlier_of(const Plan& plan) {
  EarlierTactics e;
  auto text = [](const Io& io) {
    std::vector<std::string> dims;
    for (const Dim& d : io.shape) dims.push_back(to_string(d));
    return io_text(io.name, io.dtype, dims);
  };
  for (const Io& io : plan.inputs) e.inputs.push_back(text(io));
  for (const Io& io : plan.outputs) e.outputs.push_back(text(io));
  e.packed = plan.packed;
  auto& steps = e.profiles.emplace_back();
  for (const Step& s : plan.steps) {
    auto packed = concrete(plan, s, plan.example());
    EXPECT_TRUE(packed.ok());
    steps.push_back({s.kind, s.op, s.layer, s.kernel, *packed, s.tactics, s.ns});
  }
  return e;
}

std::string refitted(const std::string& body, const EarlierTactics& earlier) {
  PlanOptions o = test_options();
  o.earlier = &earlier;
  auto plan = make_plan(testing::parsed(body), o);
  return plan.ok() ? to_text(*plan) : plan.status().text();
}

TEST(Refit, GivesThePlanThatTimingGave) {
  const Plan old = planned(net(), odd_options());
  ASSERT_STREQ(old.steps[0].kernel->name, "gemm_f32_portable");
  EXPECT_EQ(refitted(net("Relu", "9, 8, 7, 6, 5, 4"), earlier_of(old)),
            to_text(planned(net("Relu", "9, 8, 7, 6, 5, 4"), odd_options())));
}

TEST(Refit, NamesTheFirstDifference) {
  const EarlierTactics old = earlier_of(planned(net(), odd_options()));
  EXPECT_EQ(refitted(net("Exp"), old),
            "node 'act' (Exp): Exp, in the engine to refit node 'act' (Relu)");
  std::string other = net();
  other.replace(other.find("f32[n,3]"), 8, "f32[m,3]");
  EXPECT_EQ(refitted(other, old), "input 0: 'x f32[m,3]', in the engine to refit 'x f32[n,3]'");
  other =
      "in %x f32[n,3]\nconst %w f32[3,4] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]\n"
      "%y = MatMul(%x, %w) \"fc\"\n%z = Relu(%y) \"act\"\nout %z as \"z\"\n";
  EXPECT_EQ(refitted(other, old), "output 0: 'z f32[n,4]', in the engine to refit 'z f32[n,2]'");
  other =
      "in %x f32[n,3]\nconst %w f32[3,4] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]\n"
      "const %v f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]\n"
      "%y = MatMul(%x, %w) \"fc\"\n%z = MatMul(%y, %v) \"act\"\nout %z as \"z\"\n";
  EXPECT_EQ(refitted(other, old).find("node 'fc' (MatMul): f32[1,3] "), 0u) << refitted(other, old);
}

TEST(Refit, NamesAttributesButNotWhatWeightsDecide) {
  const char* pool = R"(in %x f32[1,1,8,8]
%y = MaxPool(%x) {kernel_shape=[2, 2], pads=[1, 0, 0, 1]} "pool"
out %y as "y"
)";
  const EarlierTactics old = earlier_of(planned(pool));
  std::string other = pool;
  other.replace(other.find("[1, 0, 0, 1]"), 12, "[0, 1, 1, 0]");
  EXPECT_EQ(refitted(other, old), "node 'pool' (MaxPool): pad_t 0, in the engine to refit pad_t 1");
  const char* clip = R"(in %x f32[8]
const %a f32[] = [0]
const %b f32[] = [6]
%y = Clip(%x, %a, %b) "clip"
out %y as "y"
)";
  std::string wider = clip;
  wider.replace(wider.find("[6]"), 3, "[9]");
  EXPECT_EQ(refitted(wider, earlier_of(planned(clip))), to_text(planned(wider)));
}

}  // namespace
}  // namespace hone::plan
