#include "host/quant/activation_tails.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/plan/testing/planned.h"

namespace hone::quant {
namespace {

using graph::Graph;
using plan::testing::parsed;

Range cut(const std::string& body, Range range, GridSpec grid = {}) {
  const Graph g = parsed("in %x f32[n,2,6,6]\n%v = Neg(%x) \"neg\"\n" + body);
  return without_tail(g, g.find_value("v"), range, grid);
}
const std::string silu =
    "%s = Sigmoid(%v) \"sigmoid\"\n%y = Mul(%v, %s) \"mul\"\nout %y as \"y\"\n";
const std::string hard_swish = "%y = HardSwish(%v) \"hs\"\nout %y as \"y\"\n";

TEST(ActivationTails, WhatIsCutIsLessThanHalfAStep) {
  for (const float high : {0.5f, 3.f, 8.f, 80.f}) {
    const Range r = cut(silu, {-60, high});
    EXPECT_EQ(r.high, high);
    ASSERT_GT(r.low, -60);
    const double step = (double{r.high} - r.low) / 255;
    EXPECT_LE(std::fabs(r.low / (1 + std::exp(-r.low))), step / 2);
    // And no more is kept than that needs.
    const double less = r.low + 0.0625;
    EXPECT_TRUE(r.low == -1.5f || std::fabs(less / (1 + std::exp(-less))) > (high - less) / 510);
  }
  // HardSwish is 0 from -3 on.
  const Range r = cut(hard_swish, {-20, 4});
  EXPECT_LE(r.low, -2.5);
  EXPECT_GE(r.low, -3);
}

TEST(ActivationTails, LeavesTheRestAlone) {
  const Range range{-60, 8};
  EXPECT_EQ(cut(silu, {-1, 8}), (Range{-1, 8}));  // no tail
  EXPECT_EQ(cut(silu, range, {DType::i8, true}), range);
  EXPECT_GT(cut(silu, range, {DType::i8, false}).low, -60);
  // Fine grids keep more of it.
  EXPECT_LT(cut(silu, range, {DType::u16, false}).low, cut(silu, range).low);
  EXPECT_EQ(cut("%y = Sigmoid(%v) \"s\"\nout %y as \"y\"\n", range), range);
  EXPECT_EQ(cut("%y = Mul(%v, %x) \"m\"\nout %y as \"y\"\n", range), range);
  // Read by something else, too; or the sigmoid is.
  EXPECT_EQ(cut(silu + "%z = Exp(%v) \"exp\"\nout %z as \"z\"\n", range), range);
  EXPECT_EQ(cut(silu + "%z = Exp(%s) \"exp\"\nout %z as \"z\"\n", range), range);
  EXPECT_EQ(cut(silu + "out %v as \"v\"\n", range), range);
}

}  // namespace
}  // namespace hone::quant
