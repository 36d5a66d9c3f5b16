#include "host/graph/graph.h"

#include <gtest/gtest.h>

#include "host/graph/layout.h"
#include "host/graph/text.h"

namespace hone::graph {
namespace {

Fact f32(SymShape shape) { return Fact::of(DType::f32, std::move(shape)); }

Node op(const char* name, std::vector<ValueId> inputs) {
  Node n;
  n.op = name;
  n.name = std::string("the ") + name;
  n.version = 17;
  n.inputs = std::move(inputs);
  return n;
}

TEST(Graph, ReadersAreKept) {
  Graph g;
  const ValueId x = g.add_input("x", f32({2}));
  const ValueId w = g.add_constant("w", Tensor::of<float>({2}, {1, 2}));
  const NodeId mul = g.add_node(op("Mul", {x, x}), {"y"});
  const ValueId y = g.node(mul).output(0);
  const NodeId add = g.add_node(op("Add", {y, w}), {"z"});
  g.set_block_outputs(0, {g.node(add).output(0)});
  EXPECT_EQ(g.users(x), std::vector<NodeId>{mul});
  EXPECT_FALSE(g.single_use(x));  // twice, by one node
  EXPECT_TRUE(g.single_use(y));
  EXPECT_FALSE(g.single_use(g.find_value("z")));
  EXPECT_TRUE(g.is_block_output(g.find_value("z")));
  EXPECT_EQ(g.producer_of(y), &g.node(mul));
  EXPECT_NE(g.constant(w), nullptr);
  EXPECT_EQ(g.constant(x), nullptr);
  EXPECT_TRUE(g.is_graph_input(x));
  EXPECT_EQ(g.used_constants(), std::vector<ValueId>{w});
}

TEST(Graph, FreshNamesAreQuickAndUnique) {
  Graph g;
  for (int i = 0; i < 20000; ++i) g.add_input(g.fresh_name("x"), f32({}));
  EXPECT_EQ(g.fresh_name("x"), "x_20000");
  EXPECT_EQ(g.fresh_name("y"), "y");
}

TEST(Graph, SubstituteReplacesInAllFacts) {
  Graph g;
  Fact f = Fact::of(DType::i64, {2});
  f.content = {Dim::symbol("s"), Dim::symbol("s") * 2};
  g.add_input("x", f);
  g.add_input("y", f32({Dim::symbol("s") + 1}));
  g.substitute({{"s", 3}});
  EXPECT_EQ(to_string(g.fact(0)), "i64[2]={3, 6}");
  EXPECT_EQ(to_string(g.fact(1)), "f32[4]");
}

// Everything verify() looks for, planted through the text form's freedoms or by hand.
TEST(Graph, VerifyFinds) {
  const auto text = [](const char* s) { return verify(*parse_text(s)).text(); };
  EXPECT_EQ(text("graph \"\" opset {}\nin %x f32[1]\nout %x as \"x\""), "");
  EXPECT_EQ(text("graph \"\" opset {}\nin %x\nout %x as \"x\""), "value 'x' has no type");
  EXPECT_EQ(text("graph \"\" opset {}\nin %x i64[3]={1}"),
            "value 'x': content does not fit its shape");
  EXPECT_EQ(text("graph \"\" opset {}\n= If() b: poisoned \"why\" { %y = Foo() out %y }"), "");
  Graph g;
  const ValueId x = g.add_input("x", f32({1}));
  g.set_block_outputs(0, {x});
  EXPECT_EQ(verify(g).text(), "graph has 1 outputs and 0 names for them");
}

TEST(Fact, CompatibleAndMerge) {
  const Dim s = Dim::symbol("s");
  EXPECT_TRUE(compatible(f32({s, 3}), f32({4, 3})));
  EXPECT_FALSE(compatible(f32({s, 3}), f32({s + 1, 3})));
  EXPECT_FALSE(compatible(f32({s}), f32({s, 1})));
  EXPECT_FALSE(compatible(f32({1}), Fact::of(DType::i64, {1})));
  EXPECT_EQ(to_string(merge(f32({s, 3}), f32({4, Dim::symbol("t")}))), "f32[4,3]");
  Fact nothing;
  EXPECT_EQ(to_string(nothing), "none[...]");
  EXPECT_EQ(to_string(merge(nothing, f32({s}))), "f32[s]");
}

TEST(Layout, PhysicalOrder) {
  const Layout last = Layout::channels_last;
  EXPECT_EQ(physical_order(4, last), (std::vector<int>{0, 2, 3, 1}));
  EXPECT_EQ(physical_order(3, last), (std::vector<int>{0, 2, 1}));
  EXPECT_EQ(physical_order(2, last), (std::vector<int>{0, 1}));
  EXPECT_EQ(to_string(physical_shape({1, 3, 8, 9}, last)), "[1,8,9,3]");
  for (int axis = 0; axis < 4; ++axis) {
    EXPECT_EQ(physical_order(4, last)[static_cast<size_t>(physical_axis(4, axis, last))], axis);
  }
  EXPECT_TRUE(same_memory({2, 1, 5, 5}, Layout::row_major, last));
  EXPECT_TRUE(same_memory({2, 7, 1, 1}, Layout::row_major, last));
  EXPECT_FALSE(same_memory({2, 7, 1, 2}, Layout::row_major, last));
  EXPECT_FALSE(same_memory({2, Dim::symbol("c"), 3}, Layout::row_major, last));
}

}  // namespace
}  // namespace hone::graph
