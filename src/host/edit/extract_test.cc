#include "host/edit/extract.h"

#include <gtest/gtest.h>

#include "host/import/import.h"

namespace hone::edit {
namespace {

model::NodeProto node(const char* op, std::vector<std::string> inputs, const char* output) {
  model::NodeProto n;
  n.op_type = op;
  n.name = std::string("node_") + output;
  n.inputs = std::move(inputs);
  n.outputs = {output};
  return n;
}

// x -> Relu a -> Add b (w) -> Exp c; x -> Neg d; y = c + d.
model::Model example() {
  model::Model m;
  m.ir_version = 8;
  m.opsets[""] = 17;
  model::TypeProto t;
  t.kind = model::TypeProto::Kind::tensor;
  t.dtype = DType::f32;
  t.has_shape = true;
  t.shape = {{-1, "n"}, {3, ""}};
  m.graph.inputs = {{"x", t, ""}};
  m.graph.initializers = {{"w", Tensor::of<float>({3}, {1, 2, 3})},
                          {"unused", Tensor::of<float>({1}, {1})}};
  m.graph.nodes = {node("Relu", {"x"}, "a"), node("Add", {"a", "w"}, "b"), node("Exp", {"b"}, "c"),
                   node("Neg", {"x"}, "d"), node("Add", {"c", "d"}, "y")};
  m.graph.outputs = {{"y", {}, ""}};
  return m;
}

std::vector<std::string> names(const std::vector<model::NodeProto>& nodes) {
  std::vector<std::string> all;
  for (const auto& n : nodes) all.push_back(n.name);
  return all;
}
std::vector<std::string> names(const std::vector<model::ValueInfo>& values) {
  std::vector<std::string> all;
  for (const auto& v : values) all.push_back(v.name);
  return all;
}
using Names = std::vector<std::string>;

Result<model::Model> cut(const Cut& c) {
  const model::Model m = example();
  const auto g = import(m);
  EXPECT_TRUE(g.ok()) << g.status().text();
  return extract(m, *g, c);
}

TEST(Extract, BetweenTensors) {
  const auto m = cut({{"a"}, {"c"}, {}});
  ASSERT_TRUE(m.ok()) << m.status().text();
  EXPECT_EQ(names(m->graph.nodes), (Names{"node_b", "node_c"}));
  EXPECT_EQ(names(m->graph.inputs), Names{"a"});
  EXPECT_EQ(names(m->graph.outputs), Names{"c"});
  ASSERT_EQ(m->graph.initializers.size(), 1U);
  EXPECT_EQ(m->graph.initializers[0].name, "w");
  EXPECT_EQ(m->graph.inputs[0].type.shape[0].symbol, "n");
  EXPECT_EQ(m->graph.inputs[0].type.shape[1].size, 3);
  EXPECT_TRUE(import(*m).ok());
}

TEST(Extract, WhatIsNotCutIsReadFromTheModelsInputs) {
  const auto m = cut({{"b"}, {"y"}, {}});
  ASSERT_TRUE(m.ok()) << m.status().text();
  EXPECT_EQ(names(m->graph.inputs), (Names{"b", "x"}));
  EXPECT_EQ(names(m->graph.nodes), (Names{"node_c", "node_d", "node_y"}));
}

TEST(Extract, KnownValuesBecomeInitializers) {
  const auto m = cut({{"x"}, {"y"}, {{"c", Tensor::of<float>({1, 3}, {1, 2, 3})}}});
  ASSERT_TRUE(m.ok()) << m.status().text();
  EXPECT_EQ(names(m->graph.nodes), (Names{"node_d", "node_y"}));
  ASSERT_EQ(m->graph.initializers.size(), 1U);
  EXPECT_EQ(m->graph.initializers[0].name, "c");
}

TEST(Extract, Errors) {
  EXPECT_EQ(cut({{"nowhere"}, {"y"}, {}}).status().text(), "no value 'nowhere' in the graph");
  EXPECT_EQ(cut({{"x"}, {"none"}, {}}).status().text(), "no value 'none' in the graph");
}

}  // namespace
}  // namespace hone::edit
