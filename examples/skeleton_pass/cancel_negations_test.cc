// How a pass is tested: the graph before and after, in text form, and graphs it must leave alone.
// One that stands in pipeline.inc has them in tests/passes/<pass>.txt instead. `verify` runs the
// reference before and after each patch.
#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/op_def.h"
#include "host/passes/pass.h"

namespace hone::passes {
extern const Pass cancel_negations;
namespace {

graph::Graph parsed(const std::string& body) {
  auto g = graph::parse_text("graph \"t\" opset {\"\" 17}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  const Status inferred = ops::infer_graph(*g);
  EXPECT_TRUE(inferred.ok()) << inferred.text();
  return *g;
}

// The text of `before` once the pass has done all it can; `patches`: how often it did something.
std::string after(const std::string& before, int patches) {
  graph::Graph g = parsed(before);
  Options options;
  options.verify = true;
  auto report = run_passes(g, options, {&cancel_negations});
  EXPECT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report.ok() ? report->patches : -1, patches);
  return to_text(g);
}

TEST(SkeletonPass, TwoNegationsAreNone) {
  EXPECT_EQ(after(R"(in %x f32[n,3]
%a = Neg(%x) "a"
%b = Neg(%a) "b"
%y = Relu(%b) "r"
out %y as "y"
out %a as "a"
)",
                  1),
            to_text(parsed(R"(in %x f32[n,3]
%a = Neg(%x) "a"
%y = Relu(%x) "r"
out %y as "y"
out %a as "a"
)")));
}

TEST(SkeletonPass, OneStays) {
  const std::string one = "in %x f32[n]\n%y = Neg(%x) \"n\"\nout %y as \"y\"\n";
  EXPECT_EQ(after(one, 0), to_text(parsed(one)));
}

}  // namespace
}  // namespace hone::passes
