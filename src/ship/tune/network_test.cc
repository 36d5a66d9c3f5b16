#include "ship/tune/network.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::ship {
namespace {

// Values of 32 elements.
graph::Graph chain() {
  auto g = graph::parse_text(
      "graph \"g\" opset {\"\" 17}\nin %x f32[1,2,4,4]\n"
      "const %w f32[2,2,1,1] = [1, 2, 3, 4]\n"
      "%a = Conv(%x, %w) \"c1\"\n%r = Relu(%a) \"r1\"\n%b = Conv(%r, %w) \"c2\"\n"
      "%s = Add(%b, %r) \"add\"\n%f = Floor(%s) \"floor\"\n%y = Conv(%f, %w) \"c3\"\n"
      "out %y as \"y\"\n");
  EXPECT_TRUE(g.ok()) << g.status().text();
  EXPECT_TRUE(ops::infer_graph(*g).ok());
  return *g;
}

std::vector<graph::NodeId> named(const graph::Graph& g, const std::vector<std::string>& names) {
  std::vector<graph::NodeId> found;
  for (const graph::NodeId n : g.all_nodes()) {
    if (std::find(names.begin(), names.end(), g.node(n).name) != names.end()) found.push_back(n);
  }
  return found;
}

const EngineTimes f32 = {{{{"c1", "r1"}, "Conv + Relu", 10},
                          {{"c2", "add"}, "Conv + Add", 12},
                          {{"floor"}, "Floor", 3},
                          {{"c3"}, "Conv", 8}},
                         40};
const EngineTimes int8 = {{{{"x_quantized"}, "QuantizeLinear", 0.32},
                           {{"c1", "r1"}, "Conv + Relu", 4},
                           {{"c2"}, "Conv", 5},
                           {{"add"}, "Add", 2},
                           {{"s_dequantized"}, "DequantizeLinear", 0.32},
                           {{"floor"}, "Floor", 3},
                           {{"f_quantized"}, "QuantizeLinear", 0.32},
                           {{"c3"}, "Conv", 9}},
                          30};

TEST(TuneNetwork, WhatOneStepComputesIsDecidedTogether) {
  const graph::Graph g = chain();
  const Network n = make_network(g, named(g, {"c1", "c2", "add", "c3"}), f32, {{"int8", int8}});
  ASSERT_EQ(n.layers.size(), 3U);
  EXPECT_EQ(n.nodes[0], (std::vector<std::string>{"c1"}));
  EXPECT_EQ(n.nodes[1], (std::vector<std::string>{"c2", "add"}));
  EXPECT_EQ(n.nodes[2], (std::vector<std::string>{"c3"}));
  EXPECT_DOUBLE_EQ(n.layers[0].options[0].us, 10);
  EXPECT_DOUBLE_EQ(n.layers[1].options[0].us, 12);
  EXPECT_DOUBLE_EQ(n.other_us, 10);  // 40 - 10 - 12 - 8: Floor and what is between steps
}

TEST(TuneNetwork, ConversionsCostWhatTheyTookPerElement) {
  const graph::Graph g = chain();
  const Network n = make_network(g, named(g, {"c1", "c2", "add", "c3"}), f32, {{"int8", int8}});
  EXPECT_NEAR(n.convert_ns, 10, 1e-9);
  // The input is rounded for c1; what floor reads and gives is converted for layers 1 and 2.
  EXPECT_NEAR(n.layers[0].options[1].us, 4 + 0.32, 1e-9);
  EXPECT_NEAR(n.layers[1].options[1].us, 5 + 2 + 0.32, 1e-9);
  EXPECT_NEAR(n.layers[2].options[1].us, 9 + 0.32, 1e-9);
  // r goes to c2 and add, of one layer: one conversion.
  ASSERT_EQ(n.borders.size(), 1U);
  EXPECT_EQ(n.borders[0].from, 0U);
  EXPECT_EQ(n.borders[0].to, 1U);
  EXPECT_NEAR(n.borders[0].us, 0.32, 1e-9);
}

TEST(TuneNetwork, EveryPrecisionIsAnOptionWithItsUncertainty) {
  const graph::Graph g = chain();
  EngineTimes half = f32;
  half.steps[0].us = 6;
  half.steps[0].us_pm = 0.3;
  const Network n = make_network(g, named(g, {"c1", "c3"}), f32, {{"int8", int8}, {"bf16", half}});
  ASSERT_EQ(n.layers[0].options.size(), 3U);
  EXPECT_EQ(n.layers[0].options[2].precision, "bf16");
  // The input is converted at what conversions take in the engine that has any.
  EXPECT_NEAR(n.layers[0].options[2].us, 6 + 0.32 + 0.32, 1e-9);
  EXPECT_DOUBLE_EQ(n.layers[0].options[2].us_pm, 0.3);
}

TEST(TuneNetwork, StepsSumToNoMoreThanARun) {
  const graph::Graph g = chain();
  EngineTimes timed = f32;
  timed.whole_us = 16.5;  // half of what its steps sum to
  const Network n = make_network(g, named(g, {"c1", "c2", "add", "c3"}), timed, {{"int8", int8}});
  EXPECT_DOUBLE_EQ(n.layers[0].options[0].us, 5);
  EXPECT_DOUBLE_EQ(n.layers[1].options[0].us, 6);
  EXPECT_DOUBLE_EQ(n.other_us, 1.5);  // Floor
}

TEST(TuneNetwork, WithoutConversionsInTheEngineTheyCostANanosecond) {
  const graph::Graph g = chain();
  EXPECT_DOUBLE_EQ(make_network(g, named(g, {"c1", "c2"}), f32, {{"int8", f32}}).convert_ns, 1);
}

}  // namespace
}  // namespace hone::ship
