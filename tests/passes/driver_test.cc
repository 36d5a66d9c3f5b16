// The passes' driver: what it lets through, what it catches, and whom it names.
#include <gtest/gtest.h>

#include "host/passes/match.h"
#include "testing/case_file.h"

namespace hone::passes {
namespace {

constexpr const char* chain = R"(in %x f32[n,4]
%a = Identity(%x) "a"
%b = Identity(%a) "b"
%c = Identity(%b) "c"
%y = Relu(%c) "y"
out %y as "y"
)";

graph::Graph graph_of_text(const std::string& body) {
  auto g = graph_of(Case(), body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  return g.ok() ? *g : graph::Graph();
}

// Replaces `from` by `to` of the same operands: a pass that is wrong.
template <const char* from, const char* to>
std::optional<Patch> swap_operator(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is(from)) return std::nullopt;
  Patch p(g, id);
  Node made;
  made.op = to;
  made.inputs = n.inputs;
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.remove(id);
  p.set_why(label(n) + " is almost " + to);
  return p;
}
constexpr char relu[] = "Relu", abs_op[] = "Abs", neg[] = "Neg", flatten[] = "Flatten";
const Pass wrong_value{"swap_relu", "", Stage::standard, true, swap_operator<relu, abs_op>,
                       nullptr};
const Pass wrong_shape{"swap_shape", "", Stage::standard, true, swap_operator<relu, flatten>,
                       nullptr};
const Pass to_abs{"to_abs", "", Stage::standard, true, swap_operator<neg, abs_op>, nullptr};
const Pass to_neg{"to_neg", "", Stage::standard, true, swap_operator<abs_op, neg>, nullptr};
const Pass forever{"forever", "", Stage::standard, true, swap_operator<relu, relu>, nullptr};

// Removes a node that is read.
std::optional<Patch> break_graph(const Graph& g, NodeId id) {
  if (!g.node(id).is("Identity")) return std::nullopt;
  Patch p(g, id);
  p.remove(id);
  return p;
}
const Pass broken{"break_graph", "", Stage::standard, true, break_graph, nullptr};

TEST(PassDriver, CountsAndLogs) {
  auto g = graph_of_text(chain);
  std::vector<std::string> log;
  Options options;
  options.log = [&](const std::string& line) { log.push_back(line); };
  auto report = run_passes(g, options);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 3);
  EXPECT_EQ(log, (std::vector<std::string>{"remove_identity: Identity 'a' changes nothing",
                                           "remove_identity: Identity 'b' changes nothing",
                                           "remove_identity: Identity 'c' changes nothing"}));
  int sum = 0;
  for (const PassStats& s : report->passes) sum += s.patches;
  EXPECT_EQ(sum, report->patches);
}

TEST(PassDriver, DisabledPassesDoNotRun) {
  auto g = graph_of_text(chain);
  Options options;
  options.disabled = {"remove_identity"};
  auto report = run_passes(g, options);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 0);
  EXPECT_EQ(g.live_nodes(), 4);
}

TEST(PassDriver, UnknownNamesAreRefusedWithTheNearest) {
  auto g = graph_of_text(chain);
  Options options;
  options.disabled = {"remove_identiy"};
  EXPECT_EQ(run_passes(g, options).status().text(),
            "no pass 'remove_identiy'; did you mean 'remove_identity'?");
  options.disabled = {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"};
  auto text = run_passes(g, options).status().text();
  EXPECT_NE(text.find("there are fold_constants, fold_if"), std::string::npos) << text;
  EXPECT_EQ(g.live_nodes(), 4) << "nothing runs before the names are right";
}

TEST(PassDriver, StopsAfterSoManyPatches) {
  for (int stop = 0; stop <= 4; ++stop) {
    auto g = graph_of_text(chain);
    Options options;
    options.stop_after = stop;
    auto report = run_passes(g, options);
    ASSERT_TRUE(report.ok()) << report.status().text();
    EXPECT_EQ(report->patches, std::min(stop, 3));
    EXPECT_EQ(g.live_nodes(), 4 - std::min(stop, 3));
  }
}

TEST(PassDriver, EnginePassesNeedTheEngineStage) {
  constexpr const char* silu =
      "in %x f32[n]\n%s = Sigmoid(%x)\n%y = Mul(%x, %s)\nout %y as \"y\"\n";
  for (bool engine : {false, true}) {
    auto g = graph_of_text(silu);
    Options options;
    options.engine = engine;
    auto report = run_passes(g, options);
    ASSERT_TRUE(report.ok()) << report.status().text();
    EXPECT_EQ(report->patches > 0, engine);
  }
}

TEST(PassDriver, VerifyNamesThePassThePatchAndTheOutput) {
  auto g = graph_of_text(chain);
  Options options;
  auto report = run_passes(g, options, {&wrong_value});
  EXPECT_TRUE(report.ok()) << "without --verify nobody looks at values";
  g = graph_of_text(chain);
  options.verify = true;
  auto caught = run_passes(g, options, {&wrong_value}).status();
  EXPECT_EQ(caught.code(), Code::differs);
  EXPECT_NE(caught.text().find("pass swap_relu, patch 1 (Relu 'y' is almost Abs): output 'y' "
                               "differs by"),
            std::string::npos)
      << caught.text();
}

TEST(PassDriver, VerifyLetsEveryRightPassThrough) {
  auto g = graph_of_text(chain);
  Options options;
  options.verify = true;
  auto report = run_passes(g, options);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 3);
}

// Identity -> Mul by almost 1: rounding where it happens, more than that after twenty of them.
constexpr float nudge = 1 + 8e-6f;
std::optional<Patch> nudge_identity(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Identity")) return std::nullopt;
  Patch p(g, id);
  Node mul;
  mul.op = "Mul";
  mul.inputs = {n.input(0), p.constant(Tensor::scalar(nudge), "nudge")};
  p.replace(n.output(0), p.add(std::move(mul), {id}));
  p.remove(id);
  return p;
}
const Pass nudges{"nudge", "", Stage::standard, true, nudge_identity, nullptr};

TEST(PassDriver, VerifySeesRoundingsThatAddUp) {
  for (const int nodes : {5, 20}) {
    std::string body = "in %x f32[n,4]\n", last = "%x";
    for (int i = 0; i < nodes; ++i) {
      const std::string made = "%i" + std::to_string(i);
      body += made + " = Identity(" + last + ")\n";
      last = made;
    }
    auto g = graph_of_text(body + "%y = Relu(" + last + ")\nout %y as \"y\"\n");
    Options options;
    options.verify = true;
    const auto report = run_passes(g, options, {&nudges});
    EXPECT_EQ(report.ok(), nodes == 5) << report.status().text();
    if (report.ok()) continue;
    EXPECT_EQ(report.status().code(), Code::differs);
    EXPECT_NE(report.status().text().find(
                  "pass nudge, its 20 patches together: output 'y' differs by 0.00016 of"),
              std::string::npos)
        << report.status().text();
  }
}

// Neg goes into the factor of the Mul before it (or does not, where it is wrong): the value in
// between becomes another one, which no replacement tells.
template <bool right>
std::optional<Patch> change_in_between(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Neg")) return std::nullopt;
  const Node* before = g.producer_of(n.input(0));
  if (before == nullptr || !before->is("Mul")) return std::nullopt;
  Patch p(g, id);
  const ValueId factor = p.constant(Tensor::scalar(right ? -1.0f : -3.0f), "factor");
  p.set_input(g.value(n.input(0)).producer, 1, factor);
  p.replace(n.output(0), n.input(0));
  p.remove(id);
  return p;
}
const Pass moves_sign{"move_sign", "", Stage::standard, true, change_in_between<true>, nullptr};
const Pass moves_more{"move_more", "", Stage::standard, true, change_in_between<false>, nullptr};

TEST(PassDriver, VerifyFollowsValuesThatChangeTheirMeaning) {
  constexpr const char* signs = R"(in %x f32[n,4]
const %one f32[] = [1]
%m = Mul(%x, %one) "m"
%n = Neg(%m) "n"
%e = Exp(%n) "e"
%y = Add(%e, %x) "y"
out %y as "y"
)";
  Options options;
  options.verify = true;
  auto g = graph_of_text(signs);
  const auto report = run_passes(g, options, {&moves_sign});
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 1);
  g = graph_of_text(signs);
  EXPECT_EQ(run_passes(g, options, {&moves_more}).status().code(), Code::differs);
}

// In a branch that runs, in a body, in what a branch becomes once its If is gone.
TEST(PassDriver, VerifyLooksIntoSubgraphs) {
  constexpr const char* branches = R"(in %x f32[4]
in %flag bool[]
%y = If(%flag) "if"
  then_branch: {
    %t = Relu(%x) "t"
    out %t
  }
  else_branch: {
    %r = Relu(%x) "r"
    %e = Neg(%r) "e"
    out %e
  }
out %y as "y"
)";
  constexpr const char* body = R"(in %x f32[4]
const %trips i64[] = [3]
const %yes bool[] = [1]
%y = Loop(%trips, %yes, %x) "loop"
  body: {
    in %i i64[]
    in %c bool[]
    in %s f32[4]
    %k = Identity(%c) "k"
    %r = Relu(%s) "r"
    %t = Sub(%r, %x) "t"
    out %k
    out %t
  }
out %y as "y"
)";
  for (const char* text : {branches, body}) {
    Options options;
    options.verify = true;
    auto g = graph_of_text(text);
    EXPECT_EQ(run_passes(g, options, {&wrong_value}).status().code(), Code::differs) << text;
    g = graph_of_text(text);
    const auto report = run_passes(g, options);
    EXPECT_TRUE(report.ok()) << report.status().text();
  }
  constexpr const char* known = R"(in %x f32[4]
const %flag bool[] = [1]
%z = Neg(%x) "z"
%y = If(%flag) "if"
  then_branch: {
    %t = Relu(%z) "t"
    %u = Exp(%t) "u"
    out %u
  }
  else_branch: {
    %e = Neg(%x) "e"
    out %e
  }
out %y as "y"
)";
  Options options;
  options.verify = true;
  auto g = graph_of_text(known);
  std::vector<const Pass*> passes;
  for (const Pass* p : pipeline()) {
    if (std::string(p->name) == "fold_if") passes.push_back(p);
  }
  ASSERT_EQ(passes.size(), 1);
  passes.push_back(&wrong_value);
  const auto caught = run_passes(g, options, passes).status();
  EXPECT_EQ(caught.code(), Code::differs);
  EXPECT_NE(caught.text().find("pass swap_relu, patch 2"), std::string::npos) << caught.text();
}

TEST(PassDriver, VerifyTriesSizesThatWindowsNeed) {
  constexpr const char* windows = R"(in %x f32[n,1,t]
%a = Identity(%x) "a"
%y = AveragePool(%a) {kernel_shape=[400]} "pool"
out %y as "y"
)";
  Options options;
  options.verify = true;
  auto g = graph_of_text(windows);
  const auto report = run_passes(g, options);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 1);
}

TEST(PassDriver, TypesAndStructureAreCheckedAlways) {
  auto g = graph_of_text("in %x f32[2,3,4]\n%y = Relu(%x) \"r\"\nout %y as \"y\"\n");
  auto caught = run_passes(g, {}, {&wrong_shape}).status();
  EXPECT_EQ(caught.code(), Code::internal);
  EXPECT_NE(caught.text().find("pass swap_shape made a bad patch"), std::string::npos)
      << caught.text();
  g = graph_of_text(chain);
  caught = run_passes(g, {}, {&broken}).status();
  EXPECT_EQ(caught.code(), Code::internal);
  EXPECT_NE(caught.text().find("node 'a' (Identity): pass break_graph made a bad patch"),
            std::string::npos)
      << caught.text();
  EXPECT_EQ(g.live_nodes(), 4) << "a refused patch leaves the graph as it was";
}

// Each of the fills is small enough to be folded; a thousand of them would be 4 GB.
TEST(PassDriver, AFewFormulasDoNotBecomeGigabytes) {
  constexpr int fills = 1000;
  std::string body = "in %x f32[1]\nconst %n i64[1] = [1000000]\n";
  std::string sum = "%x";
  for (int i = 0; i < fills; ++i) {
    const std::string id = std::to_string(i);
    body += "%f" + id + " = ConstantOfShape(%n) {value=tensor f32[1] [" + id + ".0]}\n";
    body += "%s" + id + " = Add(" + sum + ", %f" + id + ")\n";
    sum = "%s" + id;
  }
  auto g = graph_of_text(body + "out " + sum + " as \"y\"\n");
  ASSERT_TRUE(run_passes(g, {}).ok());
  int64_t bytes = 0;
  for (graph::ValueId v : g.used_constants()) bytes += g.value(v).constant.bytes();
  EXPECT_GT(bytes, int64_t{4} << 20);
  EXPECT_LT(bytes, int64_t{128} << 20);
}

TEST(PassDriver, PassesThatNeverFinishAreNamed) {
  auto g = graph_of_text(chain);
  auto caught = run_passes(g, {}, {&forever}).status();
  EXPECT_EQ(caught.code(), Code::internal);
  EXPECT_NE(caught.text().find("pass forever"), std::string::npos) << caught.text();
  g = graph_of_text("in %x f32[n]\n%y = Neg(%x) \"y\"\nout %y as \"y\"\n");
  caught = run_passes(g, {}, {&to_abs, &to_neg}).status();
  EXPECT_EQ(caught.code(), Code::internal);
  EXPECT_NE(caught.text().find("to_abs, to_neg"), std::string::npos) << caught.text();
}

}  // namespace
}  // namespace hone::passes
