#include "ship/parity/compare.h"

#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace
}  // namespace hone::ship
