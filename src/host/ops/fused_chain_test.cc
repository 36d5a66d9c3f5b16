// FusedChain: what its lists may say, and what they mean.
#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"

namespace hone::ops {
namespace {

// A graph of one FusedChain of x and z with these attributes.
Result<graph::Graph> chain_graph(const std::string& attributes) {
  return graph::parse_text(R"(graph "g" opset {"" 17, "ai.hone" 1}
in %x f32[2]
in %z f32[1]
%y f32[2] = ai.hone::FusedChain(%x, %z) {)" +
                           attributes + "} \"c\"\nout %y as \"y\"\n");
}

Status infer(const std::string& attributes) {
  auto g = chain_graph(attributes);
  return g.ok() ? infer_graph(*g) : g.status();
}

TEST(FusedChain, ComposesItsFunctions) {
  // y = clip(x * z - x, -1, 5)
  auto g = chain_graph(R"(args=[0, 1, 2, 0, 3, -1], ops=["Mul", "Sub", "clip"], )"
                       R"(params=[0.0, 0.0, 0.0, 0.0, -1.0, 5.0])");
  ASSERT_TRUE(g.ok()) << g.status().text();
  ASSERT_TRUE(infer_graph(*g).ok());
  Tensor x(DType::f32, {2}), z(DType::f32, {1});
  x.set(0, 2), x.set(1, -3), z.set(0, 3);
  auto y = evaluate(*g, {x, z});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_EQ((*y)[0].at(0), 4);
  EXPECT_EQ((*y)[0].at(1), -1);
}

TEST(FusedChain, RefusesListsThatMakeNoSense) {
  const char* good = R"(args=[0, 1, 2, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])";
  EXPECT_TRUE(infer(good).ok()) << infer(good).text();
  const std::pair<const char*, const char*> bad[] = {
      {R"(args=[0, 1, 2], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "two for each"},
      {R"(args=[0, 1, 2, -1], ops=["Add", "relu"], params=[0.0])", "two for each"},
      {R"(args=[0, 1, 2, -1], ops=["Add", "Sin"], params=[0.0, 0.0, 0.0, 0.0])", "no function"},
      {R"(args=[0, 1, 2, 0], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "one value"},
      {R"(args=[0, 1, 3, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "of value 3"},
      {R"(args=[0, -1, 2, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "of value -1"},
      {R"(args=[0, 0, 2, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "not used"},
      {R"(args=[0, 1, 1, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "not used"},
      {R"(args=[0, 1, 999, -1], ops=["Add", "relu"], params=[0.0, 0.0, 0.0, 0.0])", "argument"},
  };
  for (const auto& [attributes, why] : bad) {
    const Status s = infer(attributes);
    EXPECT_FALSE(s.ok()) << attributes;
    EXPECT_NE(std::string(s.text()).find(why), std::string::npos) << s.text();
  }
}

}  // namespace
}  // namespace hone::ops
