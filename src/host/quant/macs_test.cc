#include "host/quant/macs.h"

#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::quant {
namespace {

TEST(Macs, ConvolutionsAndProductsAtTheInputsSizes) {
  auto g = graph::parse_text(
      "graph \"g\" opset {\"\" 17}\nin %x f32[N,2,4,4]\n"
      "const %w f32[3,2,1,1] = [1, 2, 3, 4, 5, 6]\nconst %m f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]\n"
      "%c = Conv(%x, %w) \"c\"\n%r = Relu(%c) \"r\"\n%p = MatMul(%r, %m) \"p\"\n"
      "out %p as \"p\"\n");
  ASSERT_TRUE(g.ok()) << g.status().text();
  ASSERT_TRUE(ops::infer_graph(*g).ok());
  for (int64_t n : {1, 5}) {
    auto macs = macs_by_node(*g, {Tensor(DType::f32, {n, 2, 4, 4})});
    ASSERT_TRUE(macs.ok()) << macs.status().text();
    ASSERT_EQ(macs->size(), 2U);
    EXPECT_DOUBLE_EQ(macs->at("c"), static_cast<double>(n * 16 * 3 * 2));
    EXPECT_DOUBLE_EQ(macs->at("p"), static_cast<double>(n * 3 * 4 * 2 * 4));
  }
}

TEST(Macs, InputsOfAnotherRankAreRefused) {
  auto g = graph::parse_text(
      "graph \"g\" opset {\"\" 17}\nin %x f32[1,4]\n%r = Relu(%x) \"r\"\nout %r as \"r\"\n");
  ASSERT_TRUE(g.ok());
  EXPECT_FALSE(macs_by_node(*g, {Tensor(DType::f32, {4})}).ok());
}

}  // namespace
}  // namespace hone::quant
