// What becomes integers and what is rounded on the way, told from small graphs.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/graph/text.h"
#include "host/ops/op_def.h"
#include "host/quant/insert.h"
#include "host/quant/share_scales.h"

namespace hone::quant {
namespace {

using graph::Graph;

Graph parse(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 17}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  EXPECT_TRUE(ops::infer_graph(*g).ok());
  return *g;
}

std::vector<std::string> rounded(const Graph& g, const Scheme& scheme = {}) {
  std::vector<std::string> names;
  for (const graph::ValueId v : quantisation_points(g, scheme)) names.push_back(g.value(v).name);
  return names;
}

using Names = std::vector<std::string>;
constexpr const char* weights = "const %w f32[2,2,1,1] = [1, 2, 3, 4]\n";

TEST(QuantPlace, ARectifierBelongsToItsConvolutionAndTheLastResultStaysFloat) {
  const Graph g = parse(std::string("in %x f32[1,2,4,4]\n") + weights +
                        "%a = Conv(%x, %w) \"c1\"\n%b = Relu(%a) \"r\"\n"
                        "%y = Conv(%b, %w) \"c2\"\nout %y as \"y\"\n");
  EXPECT_EQ(rounded(g), (Names{"x", "b"}));
}

TEST(QuantPlace, AFunctionOfOneValueIsATableWithoutRoundingInside) {
  const Graph g = parse(std::string("in %x f32[1,2,4,4]\n") + weights +
                        "%a = Conv(%x, %w) \"c1\"\n%s = Sigmoid(%a) \"s\"\n"
                        "%b = Mul(%a, %s) \"m\"\n%y = Conv(%b, %w) \"c2\"\nout %y as \"y\"\n");
  EXPECT_EQ(rounded(g), (Names{"x", "a", "b"}));
}

TEST(QuantPlace, AGateOfAnotherValueIsRounded) {
  const Graph g = parse(std::string("in %x f32[1,2,4,4]\n") + weights +
                        "%a = Conv(%x, %w) \"c1\"\n%p = GlobalAveragePool(%a) \"p\"\n"
                        "%f = Conv(%p, %w) \"fc\"\n%s = Sigmoid(%f) \"s\"\n"
                        "%b = Mul(%a, %s) \"m\"\n%y = Conv(%b, %w) \"c2\"\nout %y as \"y\"\n");
  EXPECT_EQ(rounded(g), (Names{"x", "a", "p", "f", "s", "b"}));
}

TEST(QuantPlace, WhatEndsInFloatsIsLeftFloat) {
  const Graph g = parse(std::string("in %x f32[1,2,4,4]\n") + weights +
                        "%a = Conv(%x, %w) \"c1\"\n%s = Sigmoid(%a) \"s\"\n"
                        "%e = Exp(%a) \"e\"\n%y = Concat(%s, %e) {axis=1} \"cat\"\n"
                        "out %y as \"y\"\n");
  EXPECT_EQ(rounded(g), (Names{"x"}));
}

TEST(QuantPlace, ProductsOfActivationsAndTheirSoftmaxStayFloat) {
  const Graph g = parse(
      "in %x f32[3,2]\nconst %w f32[2,2] = [1, 2, 3, 4]\n"
      "%q = MatMul(%x, %w) \"q\"\n%t = Transpose(%x) {perm=[1, 0]} \"t\"\n"
      "%s = MatMul(%q, %t) \"s\"\n%p = Softmax(%s) \"p\"\n%y = MatMul(%p, %x) \"y\"\n"
      "out %y as \"y\"\n");
  EXPECT_EQ(rounded(g), (Names{"x"}));
  const Placement p = place(g, {});
  const auto layer = std::find_if(p.layers.begin(), p.layers.end(),
                                  [&](const Layer& l) { return g.node(l.node).name == "s"; });
  ASSERT_NE(layer, p.layers.end());
  EXPECT_FALSE(layer->quantised);
  EXPECT_EQ(layer->why, "its weights are computed");
}

TEST(QuantPlace, ExcludedByOperatorNameOrPattern) {
  const Graph g = parse(std::string("in %x f32[1,2,4,4]\n") + weights +
                        "%a = Conv(%x, %w) \"head/c1\"\n%b = Relu(%a) \"r\"\n"
                        "%y = Conv(%b, %w) \"c2\"\nout %y as \"y\"\n");
  for (const char* what : {"head/c1", "head/*", "h*c?"}) {
    Scheme s;
    s.exclude = {what};
    EXPECT_EQ(rounded(g, s), (Names{"b"})) << what;
  }
  Scheme s;
  s.exclude = {"Conv"};
  EXPECT_EQ(rounded(g, s), Names{});
  s = {};
  s.include = {"c2"};
  EXPECT_EQ(rounded(g, s), (Names{"b"}));
  s.include = {"c3"};
  EXPECT_NE(check_selection(s, g).text().find("did you mean 'c2'"), std::string::npos);
}

// Two branches joined; %b is read by a third convolution too.
Graph joined() {
  return parse(std::string("in %x f32[1,2,4,4]\nconst %v f32[2,4,1,1] = "
                           "[1, 2, 3, 4, 5, 6, 7, 8]\n") +
               weights +
               "%a = Conv(%x, %w) \"c1\"\n%b = Conv(%x, %w) \"c2\"\n"
               "%j = Concat(%a, %b) {axis=1} \"j\"\n%y = Conv(%j, %v) \"c3\"\n"
               "%z = Conv(%b, %w) \"c4\"\nout %y as \"y\"\nout %z as \"z\"\n");
}

std::map<std::string, Range> shared(const Graph& g, std::map<std::string, Range> given) {
  std::map<graph::ValueId, Range> ranges;
  for (const auto& [name, r] : given) ranges[g.find_value(name)] = r;
  auto made = share_scales(g, place(g, {}), ranges);
  EXPECT_TRUE(made.ok());
  std::map<std::string, Range> out;
  for (const auto& [v, r] : *made) out[g.value(v).name] = r;
  return out;
}

TEST(QuantPlace, OperandsOfAConcatShareAScaleOnlyWhereItCostsLittle) {
  const Graph g = joined();
  auto r = shared(g, {{"x", {0, 1}}, {"a", {-1, 0}}, {"b", {0, 2}}, {"j", {-1, 2}}});
  EXPECT_EQ(r["a"], (Range{-1, 2}));  // only the Concat reads it
  EXPECT_EQ(r["b"], (Range{0, 2}));   // another reads it, and it is not that much alike
  r = shared(g, {{"x", {0, 1}}, {"a", {0, 1}}, {"b", {0, 640}}, {"j", {0, 640}}});
  EXPECT_EQ(r["a"], (Range{0, 1}));  // never 640 times
  EXPECT_EQ(r["b"], (Range{0, 640}));
}

TEST(QuantPlace, MissingRangesAreNamed) {
  const Graph g = joined();
  auto made = insert_qdq(g, {}, {});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.status().text().find("'x'"), std::string::npos);
}

TEST(QuantPlace, InsertedNodesKeepNamesAndVerify) {
  const Graph g = joined();
  std::map<graph::ValueId, Range> ranges;
  for (const graph::ValueId v : quantisation_points(g, {})) ranges[v] = {-1, 1};
  auto made = insert_qdq(g, {}, ranges);
  ASSERT_TRUE(made.ok()) << made.status().text();
  EXPECT_TRUE(verify(made->graph).ok());
  for (const char* name : {"a", "a_quantized", "a_dequantized", "w_quantized"}) {
    EXPECT_NE(made->graph.find_value(name), graph::none) << name;
  }
  EXPECT_EQ(graph::to_text(made->graph), graph::to_text(insert_qdq(g, {}, ranges)->graph));
}

}  // namespace
}  // namespace hone::quant
