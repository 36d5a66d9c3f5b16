// QLinearConv, ConvInteger, and of ai.hone QLinearConvToFloat (FUSED.md).
#include "host/ops/conv_ref.h"
#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

// --- inference ----------------------------------------------------------------------------------

// The shape of the convolution of input 0 by input `w`.
Status infer_as_conv(InferContext& ctx, size_t w, DType out) {
  if (!ctx.has_rank(0) || !ctx.has_rank(w)) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
    HONE_RETURN_IF_ERROR(check_rank(ctx, w, 3));
    ctx.set_unranked(0, out);
    return {};
  }
  const Inner conv{"Conv", 1, ctx.node().attributes};
  return infer_inner(ctx, conv,
                     {with_type(ctx.in(0), DType::f32), with_type(ctx.in(w), DType::f32)}, out);
}

Status check_filters(const InferContext& ctx, size_t i, size_t w, const char* what) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, i, 0, 1));
  if (!ctx.has_input(i) || !ctx.has_rank(i) || ctx.in(i).rank() == 0 || !ctx.has_rank(w)) return {};
  if (ctx.in(w).rank() == 0 || ctx.shape(i)[0] == Dim(1)) return {};
  return check_equal(ctx.shape(i)[0], ctx.shape(w)[0], what);
}

Status infer_qlinear(InferContext& ctx) {
  for (size_t i : {size_t{0}, size_t{3}, size_t{7}}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  for (size_t i : {size_t{1}, size_t{2}, size_t{6}, size_t{7}}) {
    HONE_RETURN_IF_ERROR(check_scalar(ctx, i));
  }
  HONE_RETURN_IF_ERROR(check_filters(ctx, 4, 3, "scales and filters"));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 5, 3, "zero points and filters"));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 8, 3, "sizes of B and W"));
  return infer_as_conv(ctx, 3, ctx.in(7).dtype);
}

Status infer_to_float(InferContext& ctx) {
  for (size_t i : {size_t{0}, size_t{3}}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  for (size_t i : {size_t{1}, size_t{2}}) HONE_RETURN_IF_ERROR(check_scalar(ctx, i));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 4, 3, "scales and filters"));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 5, 3, "zero points and filters"));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 6, 3, "sizes of B and W"));
  return infer_as_conv(ctx, 3, DType::f32);
}

Status infer_integer(InferContext& ctx) {
  for (size_t i = 0; i < 2; ++i) HONE_RETURN_IF_ERROR(check_8bit_integer(ctx, i, i + 2));
  HONE_RETURN_IF_ERROR(check_scalar(ctx, 2));
  HONE_RETURN_IF_ERROR(check_filters(ctx, 3, 1, "zero points and filters"));
  return infer_as_conv(ctx, 1, DType::i32);
}

double flops_of(const Graph& graph, const Node& node, size_t weight) {
  const ValueId w = node.input(weight);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() == 0) return 0;
  const Dim& filters = (*graph.fact(w).shape)[0];
  const double n = filters.is_const() ? static_cast<double>(filters.value()) : 1;
  return n <= 0 ? 0 : 2 * output_elements(graph, node) * input_elements(graph, node, weight) / n;
}
double qlinear_flops(const Graph& graph, const Node& node) { return flops_of(graph, node, 3); }
double integer_flops(const Graph& graph, const Node& node) { return flops_of(graph, node, 1); }

// --- reference ----------------------------------------------------------------------------------

// Padding counts as the zero point: 0 once that is taken away. Exact: |sums| < 2^53.
Result<ConvResult> accumulate(const RefContext& ctx, size_t x, const Tensor& x_zero, size_t w,
                              const Tensor& w_zero, const Tensor* bias) {
  HONE_ASSIGN(const double zero, scalar_of(x_zero, 0));
  HONE_ASSIGN(const Tensor xs, centred(ctx.in(x), x_zero ? Tensor::scalar(zero) : Tensor(), 0));
  HONE_ASSIGN(const Tensor ws, centred(ctx.in(w), w_zero, 0));
  return convolve(ctx.node(), xs, ws, bias);
}

Status qlinear(RefContext& ctx) {
  HONE_ASSIGN(const double x_scale, scalar_of(ctx.in(1), 1));
  HONE_ASSIGN(const double y_scale, scalar_of(ctx.in(6), 1));
  HONE_ASSIGN(const double y_zero, scalar_of(ctx.in(7), 0));
  HONE_ASSIGN(ConvResult y,
              accumulate(ctx, 0, ctx.in(2), 3, ctx.in(5), ctx.has_input(8) ? &ctx.in(8) : nullptr));
  HONE_ASSIGN(const PerElement w_scale, PerElement::of(ctx.in(4), y.dims, 1, 1));
  for (size_t i = 0; i < y.values.size(); ++i) {
    // The multiplier is one f32, as every integer implementation has it.
    const float scale = static_cast<float>(x_scale) *
                        static_cast<float>(w_scale[static_cast<int64_t>(i)]) /
                        static_cast<float>(y_scale);
    const float sum = static_cast<float>(y.values[i]);
    y.values[i] = quantized(static_cast<double>(sum * scale), y_zero, Rounding::before_zero_point);
  }
  ctx.set(0, store(ctx.in(7).dtype(), y.dims, y.values));
  return {};
}

Status to_float(RefContext& ctx) {
  HONE_ASSIGN(ConvResult y, accumulate(ctx, 0, ctx.in(2), 3, ctx.in(5), nullptr));
  HONE_ASSIGN(const PerElement bias, PerElement::of(optional_input(ctx, 6), y.dims, 1, 0));
  HONE_RETURN_IF_ERROR(scale_sums(ctx, 1, &y.values, y.dims, bias));
  ctx.set(0, store(DType::f32, y.dims, y.values));
  return {};
}

Status integer(RefContext& ctx) {
  HONE_ASSIGN(const ConvResult y,
              accumulate(ctx, 0, optional_input(ctx, 2), 1, optional_input(ctx, 3), nullptr));
  const std::vector<int64_t> sums(y.values.begin(), y.values.end());
  ctx.set(0, store(DType::i32, y.dims, sums));
  return {};
}

constexpr AttrSpec attrs[] = {{"auto_pad", AttrType::s}, {"dilations", AttrType::ints},
                              {"group", AttrType::i},    {"kernel_shape", AttrType::ints},
                              {"pads", AttrType::ints},  {"strides", AttrType::ints}};
const OpDef defs[] = {
    {"", "QLinearConv", 10, 8, 9, 1, 1, attrs, infer_qlinear, qlinear, qlinear_flops, 0},
    {graph::hone_domain, "QLinearConvToFloat", 1, 6, 7, 1, 1, attrs, infer_to_float, to_float,
     qlinear_flops, 1e-5},
    {"", "ConvInteger", 10, 2, 4, 1, 1, attrs, infer_integer, integer, integer_flops, 0},
};

}  // namespace

std::span<const OpDef> qlinear_conv_defs() { return defs; }

}  // namespace hone::ops
