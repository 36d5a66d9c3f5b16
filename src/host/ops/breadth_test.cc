// Inference of operators whose sizes come from attributes, contents or the data, and the rounding
// of quantised ones.
#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"

namespace hone::ops {
namespace {

std::string fact_of_y(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 24, \"com.microsoft\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text() << "\n" << body;
  if (!g.ok()) return "";
  const Status status = infer_graph(*g);
  return status.ok() ? to_string(g->fact(g->find_value("y"))) : status.text();
}

TEST(Breadth, SizesThatTheDataDecideAreFreshSymbols) {
  EXPECT_EQ(fact_of_y("in %x f32[a,b]\n%y = NonZero(%x)\nout %y as \"y\""), "i64[2,y.1]");
  EXPECT_EQ(fact_of_y("in %b f32[1,n,4]\nin %s f32[1,80,n]\n%y = NonMaxSuppression(%b, %s)\n"
                      "out %y as \"y\""),
            "i64[y.0,3]");
  EXPECT_EQ(fact_of_y("in %x f32[a,5]\n%u, _, %y = Unique(%x)\nout %y as \"y\""), "i64[5*a]");
  EXPECT_EQ(fact_of_y("in %x f32[a,5]\nin %c bool[3]\n%y = Compress(%x, %c) {axis=1}\n"
                      "out %y as \"y\""),
            "f32[a,y.1]");
  EXPECT_EQ(fact_of_y("in %x f32[a,n]\nin %k i64[1]\n%v, %y = TopK(%x, %k)\nout %y as \"y\""),
            "i64[a,\"?k[0]\"]");
}

TEST(Breadth, SizesThatAreContentsAreKnown) {
  EXPECT_EQ(fact_of_y("in %x f32[a,n]\nconst %k i64[1] = [3]\n%y, %i = TopK(%x, %k) {axis=0}\n"
                      "out %y as \"y\""),
            "f32[3,n]");
  EXPECT_EQ(fact_of_y("in %x f32[a,n]\n%k = Shape(%x) {start=1}\n%y, %i = TopK(%x, %k) {axis=0}\n"
                      "out %y as \"y\""),
            "f32[n,n]");
  EXPECT_EQ(fact_of_y("in %i i64[n]\nconst %d i64[] = [7]\nin %v f32[2]\n"
                      "%y = OneHot(%i, %d, %v)\nout %y as \"y\""),
            "f32[n,7]");
  EXPECT_EQ(fact_of_y("in %x f32[a,4,n]\nconst %k i64[1] = [9]\n%y, %i = TopK(%x, %k) {axis=1}\n"
                      "out %y as \"y\""),
            "node of 'y' (TopK): the top 9 of 4 elements");
}

TEST(Breadth, SymbolsPassThroughProducts) {
  EXPECT_EQ(fact_of_y("in %q f32[b,h,s,64]\nin %k f32[b,h,t,64]\n"
                      "%y = Einsum(%q, %k) {equation=\"bhqd, bhkd -> bhqk\"}\nout %y as \"y\""),
            "f32[b,h,s,t]");
  EXPECT_EQ(
      fact_of_y("in %q f32[b,s,256]\nin %k f32[b,t,64]\nin %v f32[b,t,32]\n"
                "%y = Attention(%q, %k, %v) {kv_num_heads=1, q_num_heads=4}\nout %y as \"y\""),
      "f32[b,s,128]");
  EXPECT_EQ(fact_of_y("in %x u8[n,3,h,w]\nconst %s f32[] = [0.5]\nin %z u8[]\nin %w i8[8,3,3,3]\n"
                      "%y = QLinearConv(%x, %s, %z, %w, %s, %z, %s, %z) {pads=[1, 1, 1, 1]}\n"
                      "out %y as \"y\""),
            "u8[n,8,h,w]");
  EXPECT_EQ(fact_of_y("in %x u8[n,3,5,5]\nconst %s f32[] = [0.5]\nin %z u8[]\nin %w i8[8,4,3,3]\n"
                      "%y = QLinearConv(%x, %s, %z, %w, %s, %z, %s, %z)\nout %y as \"y\""),
            "node of 'y' (QLinearConv): channels of X and W x group: 3 and 4 differ");
}

Tensor one_output(const std::string& body, const std::vector<Tensor>& inputs) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 18, \"com.microsoft\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  EXPECT_TRUE(infer_graph(*g).ok());
  auto out = evaluate(*g, inputs);
  EXPECT_TRUE(out.ok()) << out.status().text();
  return out.ok() ? (*out)[0] : Tensor();
}

// Halves go to even before the zero point is added in a product, after it in an addition.
TEST(Breadth, TiesAreSettledAsOnnxRuntimeDoes) {
  const Tensor x = Tensor::of<uint8_t>({1, 4}, {1, 3, 5, 255});
  EXPECT_TRUE(identical(
      one_output("in %x u8[1,4]\nconst %one f32[] = [1.0]\nconst %two f32[] = [2.0]\n"
                 "const %z u8[] = [0]\nconst %z3 u8[] = [3]\nconst %w i8[4,4] = [1, 0, 0, 0, 0, 1,"
                 " 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]\nconst %wz i8[] = [0]\n"
                 "%y = QLinearMatMul(%x, %one, %z, %w, %one, %wz, %two, %z3)\nout %y as \"y\"",
                 {x}),
      Tensor::of<uint8_t>({1, 4}, {3, 5, 5, 131})));
  EXPECT_TRUE(
      identical(one_output("in %x u8[1,4]\nconst %one f32[] = [1.0]\nconst %two f32[] = [2.0]\n"
                           "const %z u8[] = [0]\nconst %z3 u8[] = [3]\n"
                           "%y = com.microsoft::QLinearAdd(%x, %one, %z, %z, %one, %z, %two, %z3)\n"
                           "out %y as \"y\"",
                           {x}),
                Tensor::of<uint8_t>({1, 4}, {4, 4, 6, 130})));
}

TEST(Breadth, RandomNumbersAreTheSameEveryTime) {
  const std::string body =
      "%y = RandomNormal() {mean=2.0, scale=3.0, seed=1.0, shape=[5000]} \"n\"\nout %y as \"y\"";
  const Tensor a = one_output(body, {}), b = one_output(body, {});
  EXPECT_TRUE(identical(a, b));
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < a.count(); ++i) mean += a.at(i) / 5000;
  for (int64_t i = 0; i < a.count(); ++i) variance += (a.at(i) - mean) * (a.at(i) - mean) / 5000;
  // Five standard errors: 3 / sqrt(5000) and 9 sqrt(2 / 5000).
  EXPECT_NEAR(mean, 2, 0.22);
  EXPECT_NEAR(variance, 9, 0.9);
}

}  // namespace
}  // namespace hone::ops
