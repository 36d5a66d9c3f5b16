#include "ship/measure/random_inputs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/graph/text.h"

namespace hone::ship {
namespace {

IoInfo info(const char* name, DType dtype) {
  IoInfo io;
  io.name = name;
  io.dtype = dtype;
  return io;
}

double mean(const Tensor& t, int64_t begin, int64_t end) {
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) sum += t.at(i);
  return sum / static_cast<double>(end - begin);
}

TEST(RandomInputs, AreOfTheirSeed) {
  const IoInfo x = info("x", DType::f32);
  EXPECT_TRUE(
      identical(structured_input(x, {1, 3, 8, 8}, 5), structured_input(x, {1, 3, 8, 8}, 5)));
  EXPECT_FALSE(
      identical(structured_input(x, {1, 3, 8, 8}, 5), structured_input(x, {1, 3, 8, 8}, 6)));
}

// White noise of n pixels has means within 4 / sqrt(n) of one another.
TEST(RandomInputs, PicturesSurvivePooling) {
  const IoInfo x = info("x", DType::f32);
  double apart = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Tensor a = structured_input(x, {1, 3, 64, 64}, seed);
    const Tensor b = structured_input(x, {1, 3, 64, 64}, seed + 100);
    apart += std::abs(mean(a, 0, 64 * 64) - mean(b, 0, 64 * 64)) / 8;
    // Neighbours resemble each other more than far pixels do.
    double near = 0, far = 0;
    for (int64_t i = 0; i < 64 * 32; ++i) {
      near += std::abs(a.at(i) - a.at(i + 1));
      far += std::abs(a.at(i) - a.at(i + 64 * 32));
    }
    EXPECT_LT(near, far);
  }
  EXPECT_GT(apart, 0.25);
}

TEST(RandomInputs, TokensLieWithinTheirTable) {
  const auto g = graph::parse_text(R"(graph "g" opset {"" 17}
in %ids i64[1,n]
in %other i64[2]
const %table f32[7,2] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
%flat i32[1,n] = Cast(%ids) {to=6} "cast"
%y f32[1,n,2] = Gather(%table, %flat) "gather"
out %y as "y"
out %other as "other"
)");
  ASSERT_TRUE(g.ok()) << g.status().text();
  const auto rows = table_sizes(*g);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.at("ids"), 7);
}

TEST(RandomInputs, IntegersAreBelowTheirRows) {
  const Tensor ids = structured_input(info("ids", DType::i64), {1, 200}, 3, 7);
  int64_t most = 0;
  for (int64_t i = 0; i < ids.count(); ++i) {
    EXPECT_GE(ids.int_at(i), 0);
    most = std::max(most, ids.int_at(i));
  }
  EXPECT_EQ(most, 6);
}

TEST(RandomInputs, MasksAreOnesThenZeros) {
  const Tensor m = structured_input(info("attention_mask", DType::i64), {2, 16}, 9);
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t i = 1; i < 16; ++i) EXPECT_LE(m.int_at(row * 16 + i), m.int_at(row * 16 + i - 1));
    EXPECT_EQ(m.int_at(row * 16 + 7), 1);  // at least half
  }
}

TEST(RandomInputs, CamerasGiveBytes) {
  const Tensor t = structured_input(info("image", DType::u8), {1, 8, 8, 3}, 1);
  EXPECT_GT(std::abs(t.at(0) - 128) + std::abs(t.at(100) - 128), 0);
}

}  // namespace
}  // namespace hone::ship
