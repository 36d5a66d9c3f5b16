#include "ship/parity/tolerance.h"

#include <gtest/gtest.h>

#include "host/plan/testing/planned.h"

namespace hone::ship {
namespace {

TEST(UsualTolerance, FollowsTheRoundingsOfTheType) {
  EXPECT_EQ(usual_tolerance("f32", 50), 1e-3);
  EXPECT_EQ(usual_tolerance("int8", 50), 1e-3);
  EXPECT_EQ(usual_tolerance("bf16", 0), 1e-3);
  EXPECT_DOUBLE_EQ(usual_tolerance("bf16", 12), 1e-3 + 18.0 / 256);
  EXPECT_DOUBLE_EQ(usual_tolerance("f16", 12), 1e-3 + 18.0 / 2048);
}

TEST(QuantisedTolerance, FollowsTheBits) {
  EXPECT_DOUBLE_EQ(quantised_tolerance(8, 12), usual_tolerance("bf16", 12));
  EXPECT_DOUBLE_EQ(quantised_tolerance(4, 12), 1e-3 + 18.0 / 16);
}

TEST(Quantised, CountsWhatIsRounded) {
  const graph::Graph g = plan::testing::parsed(R"(in %x f32[2,2]
const %s f32[] = [0.5]
const %z u8[] = [3]
const %w i8[2,2] = [1, 2, 3, 4]
const %b i32[2] = [1, 2]
%q = QuantizeLinear(%x, %s, %z) "q"
%f = DequantizeLinear(%q, %s, %z) "f"
%v = DequantizeLinear(%w, %s) "v"
%c = DequantizeLinear(%b, %s) "c"
%y = Gemm(%f, %v, %c) "y"
out %y as "y"
)");
  const Quantised q = quantised(g);
  EXPECT_EQ(q.bits, 8);
  EXPECT_EQ(q.nodes, 3);  // a bias of 32 bits is exact
  EXPECT_TRUE(q.resembles({8, 5}));
  EXPECT_FALSE(q.resembles({8, 7}));
  EXPECT_FALSE(q.resembles({4, 3}));
  EXPECT_FALSE(q.resembles({}));
  EXPECT_TRUE(Quantised().resembles({}));
}

TEST(PrecisionOf, IsThatOfTheProducts) {
  const auto of = [](const std::string& type) {
    return precision_of(plan::testing::parsed("in %x " + type +
                                              "[2,2]\n%y = MatMul(%x, %x) \"y\"\n" +
                                              "%r = Cast(%y) {to=1} \"r\"\nout %r as \"r\"\n"));
  };
  EXPECT_EQ(of("f32"), "f32");
  EXPECT_EQ(of("f16"), "f16");
  EXPECT_EQ(of("bf16"), "bf16");
}

TEST(ProductsOf, CountsThoseWithWeights) {
  const graph::Graph g = plan::testing::parsed(R"(in %x f32[2,2]
const %w f32[2,2] = 0x0000803f0000803f0000803f0000803f
%y = MatMul(%x, %w) "y"
%z = MatMul(%y, %x) "z"
%r = Relu(%z) "r"
out %r as "r"
)");
  EXPECT_EQ(products_of(g), 1);
}

}  // namespace
}  // namespace hone::ship
