// The convolution loops, for Conv and for the fused operators.
#pragma once

#include "host/ops/ref_util.h"
#include "host/ops/window.h"

namespace hone::ops {

struct ConvResult {
  Dims dims;
  std::vector<double> values;
};
// Conv of ONNX with the node's attributes; bias may be null.
Result<ConvResult> convolve(const Node& node, const Tensor& x, const Tensor& w, const Tensor* bias);
// Inference of output 0 from inputs X, W, B and the node's attributes.
Status infer_conv(InferContext& ctx);
// The same whatever the inputs' types are, of a result of type `t`.
Status infer_convolution(InferContext& ctx, DType t);
double conv_flops(const Graph& graph, const Node& node);

}  // namespace hone::ops
