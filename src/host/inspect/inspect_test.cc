#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "host/import/import.h"
#include "host/inspect/finding.h"
#include "host/inspect/numbers.h"

namespace hone::inspect {
namespace {

using model::NodeProto;

model::TypeProto type(DType dtype, std::vector<model::DimProto> shape) {
  model::TypeProto t;
  t.kind = model::TypeProto::Kind::tensor;
  t.dtype = dtype;
  t.has_shape = true;
  t.shape = std::move(shape);
  return t;
}

NodeProto node(const char* op, std::vector<std::string> inputs, const char* output) {
  NodeProto n;
  n.op_type = op;
  n.name = std::string("make_") + output;
  n.inputs = std::move(inputs);
  n.outputs = {output};
  return n;
}

model::Model model_of(std::vector<NodeProto> nodes, const char* output, model::TypeProto x) {
  model::Model m;
  m.ir_version = 8;
  m.opsets[""] = 17;
  m.graph.inputs = {{"x", std::move(x), ""}};
  m.graph.nodes = std::move(nodes);
  m.graph.outputs = {{output, {}, ""}};
  return m;
}

Tensor filled(Dims dims, float value) {
  Tensor t(DType::f32, std::move(dims));
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, value);
  return t;
}

std::vector<Finding> find(const model::Model& m) {
  const auto g = import(m);
  EXPECT_TRUE(g.ok()) << g.status().text();
  return g.ok() ? find_all({m, *g}) : std::vector<Finding>();
}

std::vector<std::string> names(const std::vector<Finding>& all) {
  std::vector<std::string> out;
  for (const Finding& f : all) out.push_back(f.name);
  return out;
}
using Names = std::vector<std::string>;

const model::TypeProto batch = type(DType::f32, {{-1, "n"}, {4, ""}, {8, ""}, {8, ""}});

TEST(Findings, OfACleanModel) {
  auto m = model_of({node("Relu", {"x"}, "y")}, "y", batch);
  EXPECT_EQ(names(find(m)), Names{});
}

TEST(Findings, TrainingMode) {
  auto bn = node("BatchNormalization", {"x", "s", "s", "s", "s"}, "y");
  bn.attributes.push_back({"training_mode", int64_t{1}, "", 0});
  bn.outputs = {"y", "mean", "var"};
  auto m = model_of({bn}, "y", batch);
  m.graph.initializers = {{"s", filled({4}, 1)}};
  const auto found = find(m);
  EXPECT_EQ(names(found), Names{"training_mode"});
  EXPECT_EQ(found[0].text, "1 node in training mode: 'make_y'");
}

TEST(Findings, Weights) {
  auto m = model_of(
      {node("Add", {"x", "a"}, "p"), node("Add", {"p", "b"}, "q"), node("Add", {"q", "c"}, "y")},
      "y", batch);
  Tensor odd = filled({8, 8}, 2);
  odd.set(3, std::numeric_limits<double>::quiet_NaN());
  odd.set(4, 1e-40);
  m.graph.initializers = {{"a", filled({4, 8, 8}, 1)},
                          {"b", filled({4, 8, 8}, 1)},
                          {"c", odd},
                          {"nobody", filled({8}, 1)}};
  const auto found = find(m);
  EXPECT_EQ(names(found), (Names{"not_finite_weights", "denormal_weights", "duplicated_weights",
                                 "unused_weights"}));
  EXPECT_EQ(found[0].nodes, Names{"c"});
  EXPECT_EQ(found[2].nodes, Names{"b"});
  EXPECT_EQ(found[3].nodes, Names{"nobody"});
}

TEST(Findings, BatchInReshape) {
  auto m = model_of({node("Reshape", {"x", "to"}, "y")}, "y", batch);
  m.graph.initializers = {{"to", Tensor::of<int64_t>({2}, {1, 256})}};
  EXPECT_EQ(names(find(m)), Names{"batch_in_reshape"});
  m.graph.initializers = {{"to", Tensor::of<int64_t>({2}, {-1, 256})}};
  EXPECT_EQ(names(find(m)), Names{});
}

TEST(Findings, BakedBatch) {
  const auto m = model_of({node("Relu", {"x"}, "y")}, "y", type(DType::f32, {{8, ""}, {3, ""}}));
  EXPECT_EQ(names(find(m)), Names{"baked_batch"});
}

TEST(Findings, UnfoldedShapes) {
  auto m = model_of({node("Shape", {"x"}, "s"), node("Reshape", {"x", "s"}, "y")}, "y",
                    type(DType::f32, {{1, ""}, {3, ""}}));
  EXPECT_EQ(names(find(m)), Names{"unfolded_shapes"});
}

TEST(Findings, Types) {
  auto to = [](const char* in, const char* out, int64_t dtype) {
    NodeProto n = node("Cast", {in}, out);
    n.attributes.push_back({"to", dtype, "", 0});
    return n;
  };
  auto m = model_of(
      {to("x", "d", 11), node("Exp", {"d"}, "e"), to("e", "i", 7), node("Add", {"i", "i"}, "j"),
       node("Mul", {"j", "i"}, "k"), node("Abs", {"k"}, "y")},
      "y", batch);
  EXPECT_EQ(names(find(m)), (Names{"int64_indices", "double_precision"}));
}

TEST(Numbers, AreCounted) {
  auto conv = node("Conv", {"x", "w"}, "c");
  auto m = model_of({conv, node("Relu", {"c"}, "r"), node("Add", {"r", "c"}, "y")}, "y", batch);
  m.graph.initializers = {{"w", filled({16, 4, 1, 1}, 1)}};
  const auto g = import(m);
  ASSERT_TRUE(g.ok()) << g.status().text();
  const Numbers n = numbers_of(*g);
  EXPECT_EQ(n.parameters, 64);
  EXPECT_EQ(n.macs, 64 * 64);
  EXPECT_EQ(n.dynamic, Names{"n"});
  // c, r and y, of 16 x 8 x 8 floats each, while Add runs.
  EXPECT_EQ(n.activation_peak_bytes, 3 * 16 * 64 * 4);
  EXPECT_FALSE(n.peak_is_least);
  EXPECT_EQ(n.values_by_type.at("f32"), 4);
  // Two for each multiply-add of the convolution, one for each element of the others.
  EXPECT_EQ(flops_by_node(*g), (std::vector<double>{2 * 64 * 64, 16 * 64, 16 * 64}));
}

}  // namespace
}  // namespace hone::inspect
