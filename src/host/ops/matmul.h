// Matrix products, for MatMul, Gemm and the fused operators.
#pragma once

#include "host/ops/ref_util.h"

namespace hone::ops {

template <class W>
struct Product {
  Dims dims;
  std::vector<W> values;
};
// NumPy's matmul; the last two axes of an operand of rank >= 2 are exchanged first where asked.
// W: double, int64_t, uint64_t.
template <class W>
Result<Product<W>> product(const Tensor& a, const Tensor& b, bool trans_a, bool trans_b);

// Output 0 from inputs A and B.
Status infer_product(InferContext& ctx, bool trans_a, bool trans_b);
double product_flops(const Graph& graph, const Node& node);

}  // namespace hone::ops
