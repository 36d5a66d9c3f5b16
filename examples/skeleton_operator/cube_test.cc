// How an operator is tested: inference, reference, and what it lowers to against the reference.
// One that stands in ops.inc is also tried by torture_test.cc (hostile inference) and held against
// ONNX's and ONNX Runtime's results by tests/ops; one in lowerings.inc must have a maker in
// tests/kernels/testing.
#include <gtest/gtest.h>

#include "host/exec/run_plan.h"
#include "host/ops/op_def.h"
#include "host/plan/lower.h"
#include "host/plan/tactics.h"

namespace hone {
namespace ops {
std::span<const OpDef> cube_defs();
}
namespace plan {
Status lower_cube(Lowering& l, const Node& n);
}
namespace {

using graph::Fact;
using graph::Graph;

// %y = ai.hone.example::Cube(%x)
struct OneCube {
  explicit OneCube(Fact x) {
    graph::Node n;
    n.domain = "ai.hone.example";
    n.op = n.name = "Cube";
    n.version = 1;
    n.inputs = {graph.add_input("x", std::move(x))};
    node = graph.add_node(n, {"y"});
    y = graph.node(node).outputs[0];
    graph.set_block_outputs(0, {y});
    graph.output_names = {"y"};
  }
  Status infer() {
    ops::InferContext ctx(graph, node);
    return ops::cube_defs()[0].infer(ctx);
  }

  Graph graph;
  graph::NodeId node;
  graph::ValueId y;
};

TEST(SkeletonOperator, InfersWhatItIsGiven) {
  OneCube cube(Fact::of(DType::f32, {graph::Dim::symbol("n"), 3}));
  ASSERT_TRUE(cube.infer().ok());
  EXPECT_EQ(to_string(cube.graph.fact(cube.y)), "f32[n,3]");
  EXPECT_FALSE(OneCube(Fact::of(DType::i64, {3})).infer().ok());
}

TEST(SkeletonOperator, ReferenceIsTheThirdPower) {
  OneCube cube(Fact::of(DType::f32, {4}));
  const Tensor x = Tensor::of<float>({4}, {-2, 0, 0.5f, 3});
  ops::RefContext ctx(cube.graph, cube.graph.node(cube.node), {&x, 1});
  ASSERT_TRUE(ops::cube_defs()[0].reference(ctx).ok());
  EXPECT_TRUE(identical(ctx.out(0), Tensor::of<float>({4}, {-8, 0, 0.125f, 27})));
}

TEST(SkeletonOperator, LoweringAgreesWithTheReference) {
  OneCube cube(Fact::of(DType::f32, {2, 3}));
  ASSERT_TRUE(cube.infer().ok());
  // What make_plan() does for every node, by hand, because the tables do not know this one.
  plan::Plan p;
  plan::Lowering l(cube.graph, p);
  l.bind_input(cube.graph.block().inputs[0], 0);
  p.inputs = {{"x", DType::f32, {2, 3}, 0}};
  p.profiles.resize(1);  // tactics are chosen for each
  l.set_current(cube.graph.node(cube.node));
  ASSERT_TRUE(plan::lower_cube(l, cube.graph.node(cube.node)).ok());
  auto y = l.use(cube.y);
  ASSERT_TRUE(y.ok()) << y.status().text();
  p.outputs = {{"y", DType::f32, {2, 3}, *y}};
  std::vector<plan::Problem> problems;
  ASSERT_TRUE(plan::choose_tactics(p, {}, &problems).ok());
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(p.steps.size(), 2u);
  for (const plan::Step& s : p.steps) ASSERT_NE(s.kernel, nullptr) << s.family;

  const Tensor x = Tensor::of<float>({2, 3}, {-2, 0, 0.5f, 3, 1, -0.1f});
  auto got = exec::run_plan(p, {x});
  ASSERT_TRUE(got.ok()) << got.status().text();
  ops::RefContext ctx(cube.graph, cube.graph.node(cube.node), {&x, 1});
  ASSERT_TRUE(ops::cube_defs()[0].reference(ctx).ok());
  for (int64_t i = 0; i < x.count(); ++i) {
    EXPECT_NEAR((*got)[0].at(i), ctx.out(0).at(i), 27 * ops::cube_defs()[0].tolerance);
  }
}

}  // namespace
}  // namespace hone
