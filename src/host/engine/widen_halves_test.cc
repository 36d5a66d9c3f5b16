#include "host/engine/widen_halves.h"

#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"

namespace hone::engine {
namespace {

using plan::testing::parsed;

bool has_halves(const graph::Graph& g) {
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    for (graph::ValueId v : n.outputs) {
      const DType t = g.fact(v).dtype;
      if (!n.is("Cast") && t == DType::f16) return true;
    }
  }
  return false;
}

void expect_same(const graph::Graph& a, const graph::Graph& b, const std::vector<Tensor>& in) {
  auto want = ops::evaluate(a, in), got = ops::evaluate(b, in);
  ASSERT_TRUE(want.ok() && got.ok()) << want.status().text() << got.status().text();
  ASSERT_EQ(want->size(), got->size());
  // Values that halves hold exactly: the narrow sums and the wide ones are the same.
  for (size_t i = 0; i < want->size(); ++i) EXPECT_TRUE(identical((*want)[i], (*got)[i])) << i;
}

TEST(WidenHalves, InputsAndOutputsKeepTheirTypes) {
  graph::Graph g = parsed(R"(in %x f16[2,2]
const %w f16[2,2] = 0x003c004000c20038
%y = MatMul(%x, %w) "y"
%z = Relu(%y) "z"
%i = Cast(%y) {to=6} "i"
%s = Shape(%z) "s"
out %y as "y"
out %z as "z"
out %i as "i"
out %s as "s"
)");
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_TRUE(graph::verify(g).ok());
  EXPECT_FALSE(has_halves(g)) << graph::to_text(g);
  Tensor x(DType::f16, {2, 2});
  for (int i = 0; i < 4; ++i) x.set(i, i - 1.5);
  expect_same(before, g, {x});
}

TEST(WidenHalves, CastsBetweenHalvesAndFloatsGo) {
  graph::Graph g = parsed(R"(in %x f32[3]
%h = Cast(%x) {to=10} "h"
%y = Neg(%h) "y"
%z = Cast(%y) {to=1} "z"
out %z as "z"
)");
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_EQ(g.live_nodes(), 1) << graph::to_text(g);
  expect_same(before, g, {Tensor::of<float>({3}, {1, -2, 0.5})});
}

TEST(WidenHalves, TypesThatAttributesName) {
  graph::Graph g = parsed(R"(in %n i64[1]
%c = ConstantOfShape(%n) {value=tensor f16[1] 0x0040} "c"
%k = CastLike(%n, %c) "k"
%y = Mul(%c, %k) "y"
out %y as "y"
)");
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_FALSE(has_halves(g)) << graph::to_text(g);
  expect_same(before, g, {Tensor::of<int64_t>({1}, {3})});
}

// What a wide node makes of another type is read by wide nodes, too.
TEST(WidenHalves, OtherTypesBetweenWideNodes) {
  graph::Graph g = parsed(R"(in %x f16[3]
const %c f16[] = 0x003c
%b = Greater(%x, %c) "b"
%y = Where(%b, %x, %c) "y"
%n = Not(%b) "n"
out %y as "y"
out %n as "n"
)");
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_FALSE(has_halves(g)) << graph::to_text(g);
  Tensor x(DType::f16, {3});
  for (int i = 0; i < 3; ++i) x.set(i, i);
  expect_same(before, g, {x});
}

// Each result is rounded where ONNX's text has it, unless floats of f32 are asked for.
TEST(WidenHalves, Bf16IsRoundedAfterEachNode) {
  const char* text = R"(in %x bf16[2]
%y = Mul(%x, %x) "y"
%z = Sub(%y, %x) "z"
out %z as "z"
)";
  Tensor x(DType::bf16, {2});
  x.set(0, 1.0078125), x.set(1, 3);  // squared: 1.01568..., between two bf16
  for (Rounding rounding : {Rounding::each_node, Rounding::outputs}) {
    graph::Graph g = parsed(text);
    const graph::Graph before = g;
    ASSERT_TRUE(widen_halves(&g, rounding).ok());
    EXPECT_TRUE(graph::verify(g).ok());
    auto want = ops::evaluate(before, {x}), got = ops::evaluate(g, {x});
    ASSERT_TRUE(want.ok() && got.ok());
    EXPECT_EQ(identical((*want)[0], (*got)[0]), rounding == Rounding::each_node);
  }
}

TEST(WidenHalves, Bf16SumsAsOnnxRoundsThemStay) {
  const char* text =
      "in %x bf16[2,3]\n%y = Softmax(%x) \"y\"\n%z = Neg(%y) \"z\"\nout %z as \"z\"\n";
  graph::Graph g = parsed(text);
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_EQ(g.fact(g.node(g.all_nodes().front()).output(0)).dtype, DType::bf16);
  graph::Graph free = parsed(text);
  ASSERT_TRUE(widen_halves(&free, Rounding::outputs).ok());
  EXPECT_FALSE(has_halves(free)) << graph::to_text(free);
}

// What looks at bits sees those that the model's own type has.
TEST(WidenHalves, BitsStay) {
  auto text = graph::parse_text(R"(graph "g" opset {"" 26, "ai.hone" 1}
in %x f16[3]
%y = Neg(%x) "y"
%i = BitCast(%y) {to=5} "i"
%h = BitCast(%i) {to=10} "h"
%z = Abs(%h) "z"
out %i as "i"
out %z as "z"
)");
  ASSERT_TRUE(text.ok()) << text.status().text();
  graph::Graph g = *text;
  ASSERT_TRUE(ops::infer_graph(g).ok());
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_TRUE(graph::verify(g).ok());
  Tensor x(DType::f16, {3});
  for (int i = 0; i < 3; ++i) x.set(i, i - 1.25);
  expect_same(before, g, {x});
}

TEST(WidenHalves, BlocksHaveTheirOwn) {
  graph::Graph g = parsed(R"(in %c bool[]
in %x f16[3]
const %k f16[] = 0x0040
%a = Mul(%x, %k) "a"
%y = If(%c)
  then_branch: {
    %t = Add(%a, %x)
    out %t
  }
  else_branch: {
    %e = Sub(%a, %k)
    %f = Neg(%e)
    out %f
  }
%z = Relu(%y) "z"
out %z as "z"
)");
  const graph::Graph before = g;
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_TRUE(graph::verify(g).ok()) << graph::to_text(g);
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    const bool computes = !n.is("Cast") && !n.is("If");
    EXPECT_FALSE(computes && g.fact(n.output(0)).dtype == DType::f16) << n.op;
  }
  Tensor x(DType::f16, {3}), c(DType::boolean, {});
  for (int i = 0; i < 3; ++i) x.set(i, i - 1.5);
  for (int taken : {0, 1}) {
    c.set(0, taken);
    expect_same(before, g, {c, x});
  }
}

TEST(WidenHalves, OtherGraphsStay) {
  graph::Graph g = parsed("in %x f32[3]\n%y = Neg(%x) \"y\"\nout %y as \"y\"\n");
  const std::string before = graph::to_text(g);
  ASSERT_TRUE(widen_halves(&g).ok());
  EXPECT_EQ(graph::to_text(g), before);
}

}  // namespace
}  // namespace hone::engine
