#include "host/ops/evaluate.h"

#include <gtest/gtest.h>

#include "host/graph/text.h"

namespace hone::ops {
namespace {

Graph parsed(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 18, \"ai.hone\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  Graph graph = g.ok() ? *g : Graph();
  EXPECT_TRUE(infer_graph(graph).ok());
  return graph;
}

const Tensor pair = Tensor::of<float>({2}, {1, -2});

TEST(Evaluate, BlocksSeeValuesAroundThem) {
  const Graph g = parsed(R"(in %x f32[2]
in %flag bool[]
const %two f32[] = [2.0]
%d = Mul(%x, %two)
%y = If(%flag)
  then_branch: {
    %t = Neg(%d)
    out %t
  }
  else_branch: {
    out %d
  }
out %y as "y"
)");
  std::vector<std::string> seen;
  const auto tap = [&](ValueId v, const Tensor&) { seen.push_back(g.value(v).name); };
  const auto yes = evaluate(g, {pair, Tensor::scalar<bool>(true)}, tap);
  ASSERT_TRUE(yes.ok()) << yes.status().text();
  EXPECT_TRUE(identical((*yes)[0], Tensor::of<float>({2}, {-2, 4})));
  EXPECT_EQ(seen, (std::vector<std::string>{"d", "t", "y"}));
  const auto no = evaluate(g, {pair, Tensor::scalar<bool>(false)});
  ASSERT_TRUE(no.ok());
  EXPECT_TRUE(identical((*no)[0], Tensor::of<float>({2}, {2, -4})));
}

TEST(Evaluate, AnAverageOfNoPixelIsZero) {
  const Graph g = parsed(R"(in %x f32[1,1,1]
%y = AveragePool:19(%x) {dilations=[2], kernel_shape=[2], pads=[1, 1]}
out %y as "y"
)");
  const auto y = evaluate(g, {Tensor::of<float>({1, 1, 1}, {5})});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_TRUE(identical((*y)[0], Tensor::of<float>({1, 1, 1}, {0})));
}

TEST(Evaluate, ErrorsNameTheNode) {
  const Graph g = parsed("in %a i32[2]\nin %b i32[n]\n%y = Div(%a, %b) \"ratio\"\nout %y as \"y\"");
  const Tensor a = Tensor::of<int32_t>({2}, {6, 7});
  EXPECT_EQ(evaluate(g, {a, Tensor::of<int32_t>({1}, {0})}).status().text(),
            "node 'ratio' (Div): integer division by zero");
  EXPECT_EQ(evaluate(g, {a, Tensor::of<int32_t>({3}, {1, 2, 3})}).status().text(),
            "node 'ratio' (Div): shapes [2] and [3] cannot be broadcast");
  EXPECT_EQ(evaluate(g, {a}).status().text(), "2 inputs expected, 1 given");
  EXPECT_EQ(evaluate(g, {a, pair}).status().text(), "input 'b': type i32 expected, f32 given");
  EXPECT_EQ(evaluate(g, {pair.reshaped({1, 2}), a}).status().text(),
            "input 'a': type i32 expected, f32 given");
  EXPECT_EQ(evaluate(g, {a.reshaped({1, 2}), a}).status().text(),
            "input 'a': rank 1 expected, 2 given");
}

TEST(Evaluate, IntegersWrapAround) {
  const Graph g = parsed("in %a i8[2]\nin %b i8[2]\n%y = Mul(%a, %b)\nout %y as \"y\"");
  const auto y =
      evaluate(g, {Tensor::of<int8_t>({2}, {100, -128}), Tensor::of<int8_t>({2}, {3, -1})});
  ASSERT_TRUE(y.ok());
  EXPECT_TRUE(identical((*y)[0], Tensor::of<int8_t>({2}, {44, -128})));
}

// A root of less than nothing is none of the integers: NaN becomes 0, minus infinity the smallest.
TEST(Evaluate, IntegersHaveNoNaN) {
  const Graph g = parsed(R"(in %x i64[2,2]
%l = ReduceLogSum:13(%x) {axes=[1], keepdims=0}
%s = ReduceSum:13(%x) {keepdims=0}
%a = Abs(%x)
out %l as "l"
out %s as "s"
out %a as "a"
)");
  const auto y = evaluate(g, {Tensor::of<int64_t>({2, 2}, {INT64_MIN, 0, 1, -1})});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_TRUE(identical((*y)[0], Tensor::of<int64_t>({2}, {0, INT64_MIN})));
  EXPECT_TRUE(identical((*y)[1], Tensor::of<int64_t>({}, {INT64_MIN})));
  EXPECT_TRUE(identical((*y)[2], Tensor::of<int64_t>({2, 2}, {INT64_MIN, 0, 1, 1})));
}

TEST(Evaluate, GemmScalesNegativeIntegers) {
  const Graph g = parsed(R"(in %a i32[1,2]
in %b i32[2,1]
%y = Gemm:13(%a, %b) {alpha=0.5}
out %y as "y"
)");
  const Tensor b = Tensor::of<int32_t>({2, 1}, {1, 1});
  const auto y = evaluate(g, {Tensor::of<int32_t>({1, 2}, {-6, 2}), b});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_TRUE(identical((*y)[0], Tensor::of<int32_t>({1, 1}, {-2})));
}

TEST(Evaluate, FusedConvIsConvThenResidualThenActivation) {
  const std::string head =
      "in %x f32[1,2,5,5]\nin %w f32[3,2,3,3]\nin %b f32[3]\nin %r f32[1,3,5,5]\n";
  const Graph plain = parsed(head +
                             "%c = Conv(%x, %w, %b) {pads=[1, 1, 1, 1]}\n%s = Add(%c, %r)\n"
                             "%y = Relu(%s)\nout %y as \"y\"");
  const Graph fused = parsed(head +
                             "%y = ai.hone::FusedConv(%x, %w, %b, %r) {activation=\"relu\", "
                             "pads=[1, 1, 1, 1]}\nout %y as \"y\"");
  std::vector<Tensor> in;
  for (const Dims& dims : {Dims{1, 2, 5, 5}, Dims{3, 2, 3, 3}, Dims{3}, Dims{1, 3, 5, 5}}) {
    Tensor t(DType::f32, dims);
    for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(i * 37 % 17) / 8 - 1);
    in.push_back(t);
  }
  const auto a = evaluate(plain, in), b = evaluate(fused, in);
  ASSERT_TRUE(a.ok() && b.ok());
  for (int64_t i = 0; i < (*a)[0].count(); ++i) {
    EXPECT_NEAR((*a)[0].at(i), (*b)[0].at(i), 1e-5);
  }
}

TEST(Evaluate, TooLargeIsAnError) {
  const Graph g = parsed("in %s i64[2]\n%y = ConstantOfShape(%s)\nout %y as \"y\"");
  const auto y = evaluate(g, {Tensor::of<int64_t>({2}, {INT64_MAX, 2})});
  EXPECT_EQ(y.code(), Code::out_of_memory) << y.status().text();
}

TEST(Cost, OfConvolutionAndProduct) {
  const Graph g = parsed(
      "in %x f32[1,8,10,10]\nin %w f32[16,4,3,3]\n%y = Conv(%x, %w) {group=2, pads=[1, 1, 1, 1]}\n"
      "out %y as \"y\"");
  const Cost c = cost(g, g.node(0));
  EXPECT_EQ(c.flops, 2.0 * 16 * 100 * 4 * 9);
  EXPECT_EQ(c.bytes, 4.0 * (800 + 576 + 1600));
}

}  // namespace
}  // namespace hone::ops
