#include "host/engine/narrow_floats.h"

#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"

namespace hone::engine {
namespace {

using plan::testing::parsed;

int count(const graph::Graph& g, std::string_view op) {
  int n = 0;
  for (graph::NodeId id : g.all_nodes()) n += g.node(id).op == op ? 1 : 0;
  return n;
}

// 2 x 2 weights that halves hold exactly: results stay what they are.
graph::Graph narrowed(const std::string& nodes, DType type, std::vector<Tensor> in) {
  graph::Graph g = parsed(
      "in %x f32[2,2]\n"
      "const %w f32[2,2] = 0x0000803f000000400000003f000080bf\n" +
      nodes);
  auto want = ops::evaluate(g, in);
  EXPECT_TRUE(narrow_floats(&g, type).ok());
  EXPECT_TRUE(graph::verify(g).ok());
  auto got = ops::evaluate(g, in);
  EXPECT_TRUE(want.ok() && got.ok()) << want.status().text() << got.status().text();
  for (size_t i = 0; want.ok() && got.ok() && i < want->size(); ++i) {
    EXPECT_TRUE(identical((*want)[i], (*got)[i])) << i << "\n" << graph::to_text(g);
  }
  return g;
}
std::vector<Tensor> x() { return {Tensor::of<float>({2, 2}, {1, -2, 0.5, 3})}; }

// The first product's result is read by the second alone, by way of a Transpose.
constexpr const char* two_products = R"(%a = MatMul(%x, %w) "a"
%t = Transpose(%a) {perm=[1, 0]} "t"
%b = MatMul(%t, %w) "b"
out %b as "b"
)";

TEST(NarrowFloats, ValuesBetweenProductsTake16Bits) {
  for (DType type : {DType::bf16, DType::f16}) {
    const graph::Graph g = narrowed(two_products, type, x());
    EXPECT_EQ(count(g, "HalfGemm"), 2);
    EXPECT_EQ(count(g, "Cast"), 1) << graph::to_text(g);  // of x
    for (graph::NodeId id : g.all_nodes()) {
      const graph::Node& n = g.node(id);
      const bool last = g.is_block_output(n.output(0));
      EXPECT_EQ(g.fact(n.output(0)).dtype, last ? DType::f32 : type) << graph::to_text(g);
    }
  }
}

// A sum of two such values is of 16 bits too; one with a constant is not.
TEST(NarrowFloats, SumsOfComputedValuesTake16Bits) {
  const char* text = R"(%a = MatMul(%x, %w) "a"
%b = MatMul(%x, %w) "b"
%c = Add(%a, %b) "c"
%d = MatMul(%c, %w) "d"
out %d as "d"
)";
  graph::Graph g = narrowed(text, DType::bf16, x());
  EXPECT_EQ(count(g, "Cast"), 1) << graph::to_text(g);  // of x
  std::string constant = text;
  constant.replace(constant.find("Add(%a, %b)"), 11, "Add(%a, %w)");
  g = narrowed(constant, DType::bf16, x());
  EXPECT_EQ(count(g, "Cast"), 2) << graph::to_text(g);  // and of c
}

// A depthwise convolution gives 16 bits even where Softmax wants f32: a Cast follows.
TEST(NarrowFloats, DepthwiseConvolutionsGive16Bits) {
  graph::Graph g = parsed(
      "in %x f32[1,2,1,1]\n"
      "const %w f32[2,1,1,1] = 0x0000803f00000040\n"
      "%a = Conv(%x, %w) {group=2} \"a\"\n"
      "%s = Softmax(%a) {axis=1} \"s\"\n"
      "out %s as \"s\"\n");
  ASSERT_TRUE(narrow_floats(&g, DType::bf16).ok());
  ASSERT_TRUE(graph::verify(g).ok());
  EXPECT_EQ(count(g, "Cast"), 2) << graph::to_text(g);
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    if (n.is("HalfConv", graph::hone_domain)) {
      EXPECT_EQ(g.fact(n.output(0)).dtype, DType::bf16);
    }
  }
}

// Softmax reads a, so a is f32; the Transpose of it is too, and one Cast serves both products.
TEST(NarrowFloats, WhatOthersReadStaysF32) {
  const graph::Graph g = narrowed(R"(%a = MatMul(%x, %w) "a"
%s = Softmax(%a) {axis=1} "s"
%b = MatMul(%a, %w) "b"
%c = MatMul(%a, %w) "c"
out %s as "s"
out %b as "b"
out %c as "c"
)",
                                  DType::bf16, x());
  EXPECT_EQ(count(g, "HalfGemm"), 3);
  EXPECT_EQ(count(g, "Cast"), 2) << graph::to_text(g);
}

// Neither a product of two computed values nor weights that f16 cannot hold.
TEST(NarrowFloats, OtherProductsStay) {
  EXPECT_EQ(
      count(narrowed("%a = MatMul(%x, %x) \"a\"\nout %a as \"a\"\n", DType::f16, x()), "MatMul"),
      1);
  const char* large = R"(const %l f32[2,2] = 0x000080470000803f0000803f0000803f
%a = MatMul(%x, %l) "a"
out %a as "a"
)";
  EXPECT_EQ(count(narrowed(large, DType::bf16, x()), "HalfGemm"), 1);
  EXPECT_EQ(count(narrowed("const %k f32[2,2] = 0x0050c3470000803f0000803f0000803f\n"
                           "%a = MatMul(%x, %k) \"a\"\nout %a as \"a\"\n",
                           DType::f16, x()),
                  "MatMul"),
            1);
}

// A model's own Casts to the type and from it have nothing left to do.
TEST(NarrowFloats, CastsOfTheModelGo) {
  graph::Graph g = parsed(R"(in %h f16[2,2]
const %w f32[2,2] = 0x0000803f000000400000003f000080bf
%x = Cast(%h) {to=1} "x"
%a = MatMul(%x, %w) "a"
%y = Cast(%a) {to=10} "y"
out %y as "y"
)");
  ASSERT_TRUE(narrow_floats(&g, DType::f16).ok());
  EXPECT_EQ(g.live_nodes(), 1) << graph::to_text(g);
  EXPECT_EQ(g.fact(g.block().outputs[0]).dtype, DType::f16);
}

}  // namespace
}  // namespace hone::engine
