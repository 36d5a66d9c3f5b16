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
