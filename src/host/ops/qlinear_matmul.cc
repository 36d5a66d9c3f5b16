// Quantised products: QLinearMatMul, MatMulInteger, and of com.microsoft QGemm,
// MatMulIntegerToFloat, DynamicQuantizeMatMul.
#include <cmath>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/matmul.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

// --- inference ----------------------------------------------------------------------------------

// The shape of the product of input 0 and input `b`.
Status infer_as_product(InferContext& ctx, size_t b, DType out, bool trans_a = false,
                        bool trans_b = false) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1 + trans_a));
  HONE_RETURN_IF_ERROR(check_rank(ctx, b, 1 + trans_b));
  if (!ctx.has_rank(0) || !ctx.has_rank(b)) {
    ctx.set_unranked(0, out);
    return {};
  }
  graph::Attributes attributes;
  attributes.set("transA", int64_t{trans_a});
  attributes.set("transB", int64_t{trans_b});
  const Inner inner{trans_a || trans_b ? "Gemm" : "MatMul", 13, attributes};
  return infer_inner(ctx, inner,
                     {with_type(ctx.in(0), DType::f32), with_type(ctx.in(b), DType::f32)}, out);
}

Status infer_qlinear(InferContext& ctx) {
  for (size_t i : {size_t{0}, size_t{3}, size_t{7}}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  return infer_as_product(ctx, 3, ctx.in(7).dtype);
}
Status infer_integer(InferContext& ctx) {
  for (size_t i = 0; i < 2; ++i) HONE_RETURN_IF_ERROR(check_8bit_integer(ctx, i, i + 2));
  return infer_as_product(ctx, 1, DType::i32);
}
Status infer_to_float(InferContext& ctx) {
  for (size_t i = 0; i < 2; ++i) HONE_RETURN_IF_ERROR(check_8bit_integer(ctx, i, i + 4));
  const DType t = ctx.in(2).dtype;
  return infer_as_product(ctx, 1, t == DType::none ? DType::f32 : t);
}
Status infer_qlinear_to_float(InferContext& ctx) {
  for (size_t i : {size_t{0}, size_t{3}}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  for (size_t i : {size_t{1}, size_t{2}}) HONE_RETURN_IF_ERROR(check_scalar(ctx, i));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 6, 1, 1));
  return infer_as_product(ctx, 3, DType::f32);
}
Status infer_dynamic(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 1));
  return infer_as_product(ctx, 1, ctx.in(0).dtype);
}
Status infer_gemm(InferContext& ctx) {
  for (size_t i : {size_t{0}, size_t{3}, size_t{8}}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 2, 2));
  const graph::Attributes& a = ctx.node().attributes;
  return infer_as_product(ctx, 3, ctx.has_input(8) ? ctx.in(8).dtype : DType::f32,
                          a.i("transA", 0) != 0, a.i("transB", 0) != 0);
}

double flops_of(const Graph& graph, const Node& node) {
  const ValueId a = node.input(0);
  if (a == graph::none || !graph.fact(a).has_rank() || graph.fact(a).rank() == 0) return 0;
  const SymShape& shape = *graph.fact(a).shape;
  const bool trans = node.attributes.i("transA", 0) != 0 && shape.size() > 1;
  const Dim& inner = trans ? shape[shape.size() - 2] : shape.back();
  return 2 * output_elements(graph, node) *
         (inner.is_const() ? static_cast<double>(inner.value()) : 1);
}

// --- reference ----------------------------------------------------------------------------------

// A's scales and zero points go by row, B's by column.
int row_axis(const Tensor& a) { return a.rank() > 1 ? -2 : -1; }

Result<Product<double>> accumulate(const Tensor& a, const Tensor& a_zero, const Tensor& b,
                                   const Tensor& b_zero) {
  if (a.rank() == 0 || b.rank() == 0) return error(Code::shape_mismatch, "A or B is a scalar");
  HONE_ASSIGN(const Tensor left, centred(a, a_zero, row_axis(a)));
  HONE_ASSIGN(const Tensor right, centred(b, b_zero, -1));
  return product<double>(left, right, false, false);
}

Status qlinear(RefContext& ctx) {
  const Tensor &a = ctx.in(0), &b = ctx.in(3);
  HONE_ASSIGN(Product<double> y, accumulate(a, ctx.in(2), b, ctx.in(5)));
  HONE_ASSIGN(const PerElement a_scale, PerElement::of(ctx.in(1), y.dims, row_axis(a), 1));
  HONE_ASSIGN(const PerElement b_scale, PerElement::of(ctx.in(4), y.dims, -1, 1));
  HONE_ASSIGN(const PerElement y_scale, PerElement::of(ctx.in(6), y.dims, row_axis(a), 1));
  HONE_ASSIGN(const PerElement y_zero, PerElement::of(ctx.in(7), y.dims, row_axis(a), 0));
  const DType t = ctx.in(7).dtype();
  for (size_t i = 0; i < y.values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const float scale = static_cast<float>(a_scale[at]) * static_cast<float>(b_scale[at]) /
                        static_cast<float>(y_scale[at]);
    const auto v = static_cast<double>(static_cast<float>(y.values[i]) * scale);
    y.values[i] =
        is_float(t) ? v + y_zero[at] : quantized(v, y_zero[at], Rounding::before_zero_point);
  }
  ctx.set(0, store(t, y.dims, y.values));
  return {};
}

Status integer(RefContext& ctx) {
  HONE_ASSIGN(const Product<double> y,
              accumulate(ctx.in(0), optional_input(ctx, 2), ctx.in(1), optional_input(ctx, 3)));
  const std::vector<int64_t> sums(y.values.begin(), y.values.end());
  ctx.set(0, store(DType::i32, y.dims, sums));
  return {};
}

// y += bias, which goes along the last axis.
Status add_bias(const RefContext& ctx, size_t i, Product<double>* y) {
  if (!ctx.has_input(i)) return {};
  const std::vector<double> bias = load<double>(ctx.in(i));
  if (y->dims.empty() || static_cast<int64_t>(bias.size()) != y->dims.back()) {
    return error(Code::shape_mismatch, "the bias does not have the result's columns");
  }
  for (size_t k = 0; k < y->values.size(); ++k) y->values[k] += bias[k % bias.size()];
  return {};
}

// A, scale, zero, B, scale, zero, C: a row.
Status qlinear_to_float(RefContext& ctx) {
  HONE_ASSIGN(Product<double> y, accumulate(ctx.in(0), ctx.in(2), ctx.in(3), ctx.in(5)));
  HONE_ASSIGN(const PerElement row, PerElement::of(optional_input(ctx, 6), y.dims, -1, 0));
  HONE_RETURN_IF_ERROR(scale_sums(ctx, -1, &y.values, y.dims, row));
  ctx.set(0, store(DType::f32, y.dims, y.values));
  return {};
}

Status to_float(RefContext& ctx) {
  HONE_ASSIGN(Product<double> y,
              accumulate(ctx.in(0), optional_input(ctx, 4), ctx.in(1), optional_input(ctx, 5)));
  HONE_ASSIGN(const PerElement a_scale, PerElement::of(ctx.in(2), y.dims, row_axis(ctx.in(0)), 1));
  HONE_ASSIGN(const PerElement b_scale, PerElement::of(ctx.in(3), y.dims, -1, 1));
  for (size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] *= a_scale[static_cast<int64_t>(i)] * b_scale[static_cast<int64_t>(i)];
  }
  HONE_RETURN_IF_ERROR(add_bias(ctx, 6, &y));
  ctx.set(0, store(ctx.in(2).dtype(), y.dims, y.values));
  return {};
}

// --- DynamicQuantizeLinear and the product that does the same to its A ---------------------------

struct Dynamic {
  float scale = 0;
  double zero_point = 0;
  std::vector<double> values;  // 0 to 255
};

// The u8 range that holds 0 and all of x.
Dynamic quantize_dynamically(const Tensor& x) {
  Dynamic q;
  q.values = load<double>(x);
  float low = 0, high = 0;
  for (double v : q.values) {
    low = std::min(low, static_cast<float>(v));
    high = std::max(high, static_cast<float>(v));
  }
  q.scale = low == high ? 1.0f : (high - low) / 255.0f;
  q.zero_point = std::nearbyint(std::min(255.0f, std::max(0.0f, 0.0f - low / q.scale)));
  for (double& v : q.values) {
    const float quotient = static_cast<float>(v) / q.scale;
    v = std::min(255.0,
                 std::max(0.0, std::nearbyint(static_cast<double>(quotient)) + q.zero_point));
  }
  return q;
}

Status infer_dynamic_quantize(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  ctx.set(0, shaped_like(ctx.in(0), DType::u8));
  ctx.set(1, DType::f32, {});
  ctx.set(2, DType::u8, {});
  return {};
}

Status dynamic_quantize(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  const Dynamic q = quantize_dynamically(ctx.in(0));
  ctx.set(0, store(DType::u8, ctx.in(0).dims(), q.values));
  ctx.set(1, Tensor::scalar(q.scale));
  ctx.set(2, Tensor::scalar(static_cast<uint8_t>(q.zero_point)));
  return {};
}

Status dynamic_product(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  const Dynamic q = quantize_dynamically(ctx.in(0));
  const Tensor a = store(DType::u8, ctx.in(0).dims(), q.values);
  const Tensor zero = Tensor::scalar(static_cast<uint8_t>(q.zero_point));
  HONE_ASSIGN(Product<double> y, accumulate(a, zero, ctx.in(1), optional_input(ctx, 3)));
  HONE_ASSIGN(const PerElement b_scale, PerElement::of(ctx.in(2), y.dims, -1, 1));
  for (size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] *= static_cast<double>(q.scale) * b_scale[static_cast<int64_t>(i)];
  }
  HONE_RETURN_IF_ERROR(add_bias(ctx, 4, &y));
  ctx.set(0, store(ctx.in(0).dtype(), y.dims, y.values));
  return {};
}

// --- QGemm --------------------------------------------------------------------------------------

// C is i32 with scale alpha a_scale b_scale; without an output scale the result is f32.
Status gemm(RefContext& ctx) {
  const Node& node = ctx.node();
  if (ctx.in(0).rank() != 2 || ctx.in(3).rank() != 2) {
    return error(Code::shape_mismatch, "A and B need rank 2");
  }
  const bool trans_b = node.attributes.i("transB", 0) != 0;
  HONE_ASSIGN(const Tensor a, centred(ctx.in(0), ctx.in(2), 0));
  HONE_ASSIGN(const Tensor b, centred(ctx.in(3), ctx.in(5), trans_b ? 0 : 1));
  HONE_ASSIGN(Product<double> y,
              product<double>(a, b, node.attributes.i("transA", 0) != 0, trans_b));
  if (ctx.has_input(6)) {
    HONE_ASSIGN(const Dims dims, broadcast_dims(y.dims, ctx.in(6).dims()));
    if (dims != y.dims) return error(Code::shape_mismatch, "C cannot be broadcast to A B");
    HONE_ASSIGN(const PerElement c, PerElement::of(ctx.in(6), dims, -1, 0));
    for (size_t i = 0; i < y.values.size(); ++i) y.values[i] += c[static_cast<int64_t>(i)];
  }
  HONE_ASSIGN(const float a_scale, scalar_of(ctx.in(1), 1));
  HONE_ASSIGN(const PerElement b_scale, PerElement::of(ctx.in(4), y.dims, -1, 1));
  HONE_ASSIGN(const float y_scale, scalar_of(optional_input(ctx, 7), 1));
  HONE_ASSIGN(const double y_zero, scalar_of(optional_input(ctx, 8), 0));
  const DType t = ctx.has_input(8) ? ctx.in(8).dtype() : DType::f32;
  for (size_t i = 0; i < y.values.size(); ++i) {
    const float scale = node.attributes.f("alpha", 1) * a_scale *
                        static_cast<float>(b_scale[static_cast<int64_t>(i)]) / y_scale;
    const auto v = static_cast<double>(static_cast<float>(y.values[i]) * scale);
    y.values[i] = is_float(t) ? v : quantized(v, y_zero, Rounding::before_zero_point);
  }
  ctx.set(0, store(t, y.dims, y.values));
  return {};
}

double quantize_flops(const Graph& graph, const Node& node) {
  return 4 * input_elements(graph, node);
}

constexpr AttrSpec gemm_attrs[] = {
    {"alpha", AttrType::f}, {"transA", AttrType::i}, {"transB", AttrType::i}};
constexpr const char* ms = microsoft;
const OpDef defs[] = {
    {"", "QLinearMatMul", 10, 8, 8, 1, 1, {}, infer_qlinear, qlinear, flops_of, 0},
    {graph::hone_domain,
     "QLinearMatMulToFloat",
     1,
     6,
     7,
     1,
     1,
     {},
     infer_qlinear_to_float,
     qlinear_to_float,
     flops_of,
     1e-5},
    {"", "MatMulInteger", 10, 2, 4, 1, 1, {}, infer_integer, integer, flops_of, 0},
    {"",
     "DynamicQuantizeLinear",
     11,
     1,
     1,
     3,
     3,
     {},
     infer_dynamic_quantize,
     dynamic_quantize,
     quantize_flops,
     0},
    {ms, "QGemm", 1, 6, 9, 1, 1, gemm_attrs, infer_gemm, gemm, flops_of, 1e-5},
    {ms, "MatMulIntegerToFloat", 1, 4, 7, 1, 1, {}, infer_to_float, to_float, flops_of, 1e-5},
    {ms,
     "DynamicQuantizeMatMul",
     1,
     3,
     5,
     1,
     1,
     {},
     infer_dynamic,
     dynamic_product,
     flops_of,
     1e-5},
};

}  // namespace

std::span<const OpDef> qlinear_matmul_defs() { return defs; }

}  // namespace hone::ops
