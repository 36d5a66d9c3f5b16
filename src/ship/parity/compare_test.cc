#include "ship/parity/compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::ship {
namespace {

TEST(Compare, JudgesEachChannelByItsOwnScale) {
  Tensor want = Tensor::of<float>({1, 2, 2}, {1000, 1000, 0.1f, 0.1f});
  Tensor got = Tensor::of<float>({1, 2, 2}, {1000.5f, 1000, 0.1f, 0.1f});
  EXPECT_TRUE(compare(got, want, 1e-3).agree);
  got = Tensor::of<float>({1, 2, 2}, {1000, 1000, 0.1f, 0.101f});
  Comparison c = compare(got, want, 1e-3);
  EXPECT_FALSE(c.agree);  // 1 % of the small channel, 1e-6 of the large one
  EXPECT_EQ(c.worst_at, 3);
}

TEST(Compare, NanOnOneSideDiffers) {
  Tensor a = Tensor::of<float>({2}, {1, NAN}), b = Tensor::of<float>({2}, {1, 2});
  EXPECT_FALSE(compare(a, b, 1).agree);
  EXPECT_FALSE(compare(b, a, 1).agree);
  EXPECT_TRUE(compare(a, a, 0).agree);
}

TEST(Compare, TypesAndShapes) {
  Tensor a = Tensor::of<float>({2}, {1, 2});
  EXPECT_FALSE(compare(a, a.reshaped({1, 2}), 1).same_type);
  EXPECT_FALSE(compare(a, Tensor::of<int64_t>({2}, {1, 2}), 1).same_type);
  EXPECT_FALSE(
      compare(Tensor::of<int64_t>({2}, {1, 3}), Tensor::of<int64_t>({2}, {1, 2}), 1).agree);
}

TEST(Compare, RoundedFloatsMayFallOnTwoSidesOfATie) {
  Tensor want(DType::u8, {1000});
  for (int64_t i = 0; i < 1000; ++i) want.set(i, 28 + i % 101);  // s = 100 about 28: d = 0.1
  Tensor got = want;
  for (int64_t i = 0; i < 100; ++i) got.set(i * 10, want.at(i * 10) + (i % 2 == 0 ? 1 : -1));
  EXPECT_TRUE(compare_rounded(got, want, 1e-3, 28).agree);
  EXPECT_FALSE(compare(got, want, 1e-3).agree);  // exact integers would not
  Tensor more = got;
  more.set(1, want.at(1) + 1);  // 101 of 1000
  EXPECT_FALSE(compare_rounded(more, want, 1e-3, 28).agree);
  Tensor further = want;
  further.set(500, want.at(500) + 2);
  Comparison c = compare_rounded(further, want, 1e-3, 28);
  EXPECT_FALSE(c.agree);
  EXPECT_EQ(c.worst_at, 500);
  EXPECT_FALSE(compare_rounded(got, want, 0, 28).agree);
}

TEST(Compare, OnlyIntegersThatWereFloatsAreRounded) {
  auto parsed = graph::parse_text(R"(graph "g" opset {"" 18}
in %x f32[4]
in %b u8[4]
const %s f32[] = [0.5]
const %z u8[] = [7]
const %n i64[2] = [2, 2]
%q = QuantizeLinear(%x, %s, %z)
%y = Reshape(%q, %n)
%r = Reshape(%b, %n)
out %y as "y"
out %r as "r"
out %x as "x"
)");
  ASSERT_TRUE(parsed.ok()) << parsed.status().text();
  graph::Graph g = std::move(*parsed);
  ASSERT_TRUE(ops::infer_graph(g).ok());
  const auto& out = g.block().outputs;
  EXPECT_EQ(rounded_from_floats(g, out[0]), 7);
  EXPECT_EQ(rounded_from_floats(g, out[1]), std::nullopt);
  EXPECT_EQ(rounded_from_floats(g, out[2]), std::nullopt);
}

}  // namespace
}  // namespace hone::ship
