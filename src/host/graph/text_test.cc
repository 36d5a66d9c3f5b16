#include "host/graph/text.h"

#include <gtest/gtest.h>

#include "host/graph/random_graph.h"

namespace hone::graph {
namespace {

constexpr const char* example = R"(graph "net" opset {"" 17, "ai.hone" 1}
producer "by hand"
meta "author" "me"
in %image f32[batch,1,28,28]
in %flag bool[]
const %w f32[1,1,1,2] = [0.5, -1e-10]
const %"axis 0" i64[1] = [2]
%y f32[batch,1,28,28] @channels_last = Conv(%image, %w, _) {alpha=1.0, pads=[0, 0, 0, 0]} "conv1"
%s i64[2]={batch, 4}, _ = Shape:15(%y) "shape" from ["a", "b"]
%z f32[...] = If(%flag) {k="v"} "if1"
  then_branch: {
    %t = Squeeze(%y, %"axis 0")
    out %t
  }
  else_branch: poisoned "cannot fit" {
    in %i i64[]
    out %y
  }
%h = ai.hone::Reorder(%y) {e=ints[], f=[1.0, float(7f800000)], t=tensor u8[2] [1, 2]} "r"
out %z as "logits"
out %image as "same"
)";

TEST(GraphText, ExampleIsItsOwnPrint) {
  const auto g = parse_text(example);
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_EQ(to_text(*g), example) << diff_text(example, to_text(*g));
  EXPECT_EQ(g->block_count(), 3);
  EXPECT_EQ(g->live_nodes(), 5);
  EXPECT_EQ(g->output_names, (std::vector<std::string>{"logits", "same"}));
  EXPECT_EQ(g->node(g->all_nodes()[1]).version, 15);
  EXPECT_EQ(g->block(2).poisoned, "cannot fit");
}

TEST(GraphText, Options) {
  const auto g = parse_text(R"(graph "" opset {"" 17}
in %x f32[1]
const %w u8[20] = 0x0000000000000000000000000000000000000000
%y f32[1] = Foo(%x, %w)
out %y as "y"
)");
  ASSERT_TRUE(g.ok()) << g.status().text();
  const std::string brief = to_text(*g, {.weights = false, .facts = false});
  EXPECT_NE(brief.find("const %w u8[20] = ...\n%y = Foo(%x, %w)\n"), std::string::npos) << brief;
  EXPECT_FALSE(parse_text(brief).ok());
}

TEST(GraphText, RandomGraphsRoundTrip) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const Graph g = RandomGraph(seed).make();
    ASSERT_TRUE(verify_structure(g).ok()) << seed << ": " << verify_structure(g).text();
    const std::string text = to_text(g);
    const auto back = parse_text(text);
    ASSERT_TRUE(back.ok()) << seed << ": " << back.status().text() << "\n" << text;
    ASSERT_EQ(to_text(*back), text) << seed << "\n" << diff_text(text, to_text(*back));
    ASSERT_EQ(back->live_nodes(), g.live_nodes());
  }
}

TEST(GraphText, Errors) {
  const auto message = [](const std::string& body) {
    return parse_text("graph \"g\" opset {\"\" 17}\n" + body).status().text();
  };
  EXPECT_EQ(parse_text("grph").status().text(), "line 1, column 1: 'graph' is missing");
  EXPECT_EQ(message("in %x f32[1]\nin %x f32[1]"),
            "line 3, column 4: value 'x' is defined twice");
  EXPECT_EQ(message("%y = Foo(%x)"), "line 2, column 10: value 'x' is not defined");
  EXPECT_EQ(message("%y = If() b: { %z = Foo(%y) }"),
            "line 2, column 25: value 'y' is not defined here");
  EXPECT_EQ(message("%y = If() b: { %z = Foo() out %z }\n%u = Foo(%z)"),
            "line 3, column 10: value 'z' is not defined here");
  EXPECT_EQ(message("%y, %y = Foo()"), "line 2, column 8: value 'y' is defined twice");
  EXPECT_EQ(message("const %w i8[2] = [1, 200]"),
            "line 2, column 22: a number of the type is missing");
  EXPECT_EQ(message("const %w i8[2] = [1]"), "line 2, column 21: 1 elements for shape [2]");
  EXPECT_EQ(message("const %w f16[1] = [1]"),
            "line 2, column 19: elements of type f16 are written as 0x...");
  EXPECT_EQ(message("const %w f32[4611686018427387904,4] = []"),
            "line 2, column 37: tensor too large");
  EXPECT_EQ(message("in %x f32[min(s)]"),
            "line 2, column 11: dimension 'min(s)': argument missing at column 6");
  EXPECT_EQ(message("in %x f32[1] @diagonal"), "line 2, column 15: no such layout");
  EXPECT_EQ(message("%y = Foo() {a=1, a=2}"), "line 2, column 19: attribute 'a' stands twice");
  std::string deep, name = "a";
  for (int i = 0; i < 100; ++i) deep += "= If() " + name + ": {\n";
  EXPECT_NE(message(deep).find("blocks nested too deeply"), std::string::npos);
}

TEST(GraphText, Diff) {
  EXPECT_EQ(diff_text("a\nb\nc\n", "a\nb\nc\n"), "");
  EXPECT_EQ(diff_text("a\nb\nc\n", "a\nx\nc\n"), "- b\n+ x\n");
  EXPECT_EQ(diff_text("a\n", "a\nb\n"), "+ b\n");
  EXPECT_EQ(diff_text("", "b\n"), "+ b\n");
}

}  // namespace
}  // namespace hone::graph
