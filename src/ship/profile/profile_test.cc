#include "ship/profile/profile.h"

#include <gtest/gtest.h>

#include "host/plan/profile_text.h"
#include "ship/profile/testing/small_engine.h"

namespace hone::ship {
namespace {

using namespace testing;

const std::string two_layers = "in %x f32[1,16,24,24]\n" + constant("w", "f32", {16, 16, 3, 3}) +
                               "%c = Conv(%x, %w) {pads=[1, 1, 1, 1]} \"c\"\n"
                               "%y = Softmax(%c) {axis=1} \"s\"\nout %y as \"y\"";

MachinePeaks some_machine() {
  MachinePeaks m;
  m.isa = "avx2";
  m.fma_gflops = m.int8_gops = 100;
  m.levels = {{"memory", 0, 1 << 26, 10}};
  return m;
}

ProfileOptions quick() {
  ProfileOptions o;
  o.target = platform::detect_target();
  o.seconds = 0.1;
  o.machine = some_machine();
  return o;
}

TEST(Profile, LayersHaveTimesThatSumToTheRun) {
  Session s = small_session(two_layers);
  auto p = profile(s, quick());
  ASSERT_TRUE(p.ok()) << p.status().text();
  ASSERT_GE(p->layers.size(), 2u);
  EXPECT_GE(p->runs, 3);
  double sum = 0, shares = 0;
  for (const ProfiledLayer& l : p->layers) {
    EXPECT_GT(l.us.median, 0);
    EXPECT_LE(l.us.low, l.us.median);
    EXPECT_LE(l.us.median, l.us.high);
    ASSERT_TRUE(l.roofline) << l.layer.kernel;
    sum += l.us.median;
    shares += l.share;
  }
  EXPECT_DOUBLE_EQ(sum, p->layers_us);
  EXPECT_NEAR(shares, 1, 1e-9);
  // A busy machine disturbs whole runs more than a layer's median.
  EXPECT_LT(p->layers_us, 3 * p->total_us);
  // Of one and the same run, however busy the machine is.
  EXPECT_GT(p->coverage, 0.5);
  EXPECT_LT(p->coverage, 1.1);
  EXPECT_GT(p->clock_us, 0);
  EXPECT_LT(p->clock_us, 10);
}

TEST(Profile, RunnersUpAreWhatTheBuildTimed) {
  engine::CompileOptions timed;
  timed.time = [](const plan::Candidate& c, int) -> Result<double> {
    return std::string_view(c.kernel->name).find("portable") != std::string_view::npos ? 9000.0
                                                                                       : 3000.0;
  };
  Session s = small_session(two_layers, 1, timed);
  auto p = profile(s, quick());
  ASSERT_TRUE(p.ok()) << p.status().text();
  int with_runner_up = 0;
  for (const ProfiledLayer& l : p->layers) {
    if (!l.layer.runner_up) continue;
    ++with_runner_up;
    const TacticTime& t = *l.layer.runner_up;
    EXPECT_NE(t.kernel, l.layer.kernel);
    EXPECT_NEAR(t.ratio, t.us / *l.layer.built_us, 1e-9);
    EXPECT_GE(t.ratio, 1);
    EXPECT_EQ(t.us, t.kernel.find("portable") != std::string::npos ? 9.0 : 3.0) << t.kernel;
  }
  EXPECT_GE(with_runner_up, 1);
}

// Each profile of an engine has tactics of its own, timed at its own sizes.
TEST(Profile, RunnersUpAreThoseOfTheProfileInUse) {
  engine::CompileOptions timed;
  // By the batch: the bigger one is faster with portable code.
  timed.time = [](const plan::Candidate& c, int) -> Result<double> {
    const bool portable = std::string_view(c.kernel->name).find("portable") != std::string::npos;
    const bool large = c.step.out[0].shape.count() > 3000;
    return portable == large ? 2000.0 : 4000.0 + (large ? 1000 : 0);
  };
  auto profiles = plan::parse_profiles({"x=1x8x16x16", "x=4x8x16x16"}, "--profile");
  ASSERT_TRUE(profiles.ok()) << profiles.status().text();
  timed.profiles = *profiles;
  Session s = small_session(
      "in %x f32[n,8,16,16]\n%y = Softmax(%x) {axis=1} \"s\"\n"
      "out %y as \"y\"",
      1, timed);
  for (int64_t batch : {1, 4}) {
    ProfileOptions o = quick();
    o.shapes = {{batch, 8, 16, 16}};
    auto p = profile(s, o);
    ASSERT_TRUE(p.ok()) << p.status().text();
    EXPECT_EQ(p->profile, batch == 1 ? 0 : 1);
    const Layer* softmax = nullptr;
    for (const ProfiledLayer& l : p->layers) {
      if (l.layer.family == "softmax") softmax = &l.layer;
    }
    ASSERT_NE(softmax, nullptr);
    if (!softmax->runner_up) GTEST_SKIP() << "skipped: this machine has but one kernel";
    const bool portable = softmax->kernel.find("portable") != std::string::npos;
    EXPECT_EQ(portable, batch == 4) << softmax->kernel;
    // The other profile's would be 5 us, and 2 or 4.
    EXPECT_EQ(softmax->runner_up->us == 5, batch == 4) << softmax->runner_up->us;
    EXPECT_EQ(softmax->built_us, 2);
  }
}

TEST(Profile, JsonKeepsTheContract) {
  Session s = small_session(two_layers);
  ProfileOptions o = quick();
  o.engine = "net.engine";
  auto j = profile_engine(s, o);
  ASSERT_TRUE(j.ok()) << j.status().text();
  EXPECT_EQ((*j)["schema"], 1);
  EXPECT_EQ((*j)["engine"], "net.engine");
  EXPECT_TRUE((*j)["engine_hash"].is_null());
  for (const char* key : {"fma_gflops", "bandwidth_gbps", "how"}) {
    EXPECT_TRUE((*j)["machine"].contains(key)) << key;
  }
  for (const auto& l : (*j)["layers"]) {
    for (const char* key : {"step", "nodes", "layer", "op", "kernel", "us", "share", "flops",
                            "bytes", "gflops", "gbps", "roofline", "runner_up", "refused"}) {
      EXPECT_TRUE(l.contains(key)) << key;
    }
    EXPECT_TRUE(l["runner_up"].is_null());  // nothing was timed
  }
}

// The branch that is not taken has no time, and is no layer of 0 us.
TEST(Profile, LayersThatDoNotRunAreCountedApart) {
  Session s = small_session(
      "in %c bool[]\nin %x f32[1,1000]\n%y = If(%c)\n"
      "  then_branch: {\n%a = Exp(%x) \"a\"\nout %a\n}\n"
      "  else_branch: {\n%b = Log(%x) \"b\"\nout %b\n}\nout %y as \"y\"");
  auto p = profile(s, quick());
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_GE(p->not_run, 1);
  int functions = 0;
  for (const ProfiledLayer& l : p->layers) {
    functions += l.layer.op == "Exp" || l.layer.op == "Log" ? 1 : 0;
    EXPECT_GT(l.us.high, 0);
  }
  EXPECT_EQ(functions, 1);
}

// An input whose elements decide sizes is bound for the elements that it is given.
TEST(Profile, OfAModelThatIsToldItsShapes) {
  Session s = small_session(
      "in %x f32[1]\nin %shape i64[2]\n%y = Expand(%x, %shape) \"e\"\n%z = Exp(%y) \"z\"\n"
      "out %z as \"z\"");
  auto p = profile(s, quick());
  ASSERT_TRUE(p.ok()) << p.status().text();
}

TEST(Profile, WorksOnSeveralThreads) {
  Session s = small_session(two_layers, 2);
  auto p = profile(s, quick());
  ASSERT_TRUE(p.ok()) << p.status().text();
  EXPECT_EQ(p->threads, 2);
}

TEST(Profile, NodesAreSplitWhereTheyWereJoined) {
  EXPECT_EQ(nodes_of("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(nodes_of("a + b/c + d"), (std::vector<std::string>{"a", "b/c", "d"}));
}

}  // namespace
}  // namespace hone::ship
