// Hone's own operators, described in FUSED.md.
#include "host/ops/activation.h"
#include "host/ops/binary.h"
#include "host/ops/conv_ref.h"
#include "host/ops/infer_util.h"
#include "host/ops/matmul.h"

namespace hone::ops {
namespace {

Result<Activation> activation_of(const Node& node) {
  const std::string text = node.attributes.s("activation", "none");
  const auto act = find_activation(text);
  if (!act) return invalid(fmt::format("there is no activation '{}'", text));
  return Activation{*act, node.attributes.f("act_a", 0), node.attributes.f("act_b", 0)};
}

Status check_f32(const InferContext& ctx) {
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    const DType t = ctx.in(i).dtype;
    if (t != DType::none && t != DType::f32) {
      return invalid(fmt::format("input {} has type {}, not f32", i, name(t)));
    }
  }
  return activation_of(ctx.node()).status();
}

// A residual has the result's shape, exactly.
Status check_residual(const InferContext& ctx, size_t i) {
  if (!ctx.has_input(i) || !ctx.has_output(0)) return {};
  const Fact &residual = ctx.in(i), &y = ctx.graph().fact(ctx.node().outputs[0]);
  if (compatible(residual, y)) return {};
  return error(Code::shape_mismatch,
               fmt::format("the residual is {}, the result {}", to_string(residual), to_string(y)));
}

Status add_residual(const RefContext& ctx, size_t i, const Dims& dims,
                    std::vector<double>* values) {
  if (!ctx.has_input(i)) return {};
  if (ctx.in(i).dims() != dims) return error(Code::shape_mismatch, "the residual's shape");
  const std::vector<double> residual = load<double>(ctx.in(i));
  for (size_t k = 0; k < residual.size(); ++k) (*values)[k] += residual[k];
  return {};
}

// The type of the result: what `to` names, or X's.
DType result_type(const Node& node, DType x) {
  return static_cast<DType>(node.attributes.i("to", static_cast<int64_t>(x)));
}

// --- FusedConv and HalfConv
// ------------------------------------------------------------------------------------

Status infer_fused_conv(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_f32(ctx));
  HONE_RETURN_IF_ERROR(infer_conv(ctx));
  return check_residual(ctx, 3);
}

Status fused_conv(RefContext& ctx) {
  HONE_ASSIGN(const Activation act, activation_of(ctx.node()));
  HONE_ASSIGN(ConvResult y,
              convolve(ctx.node(), ctx.in(0), ctx.in(1), ctx.has_input(2) ? &ctx.in(2) : nullptr));
  const bool after = ctx.node().attributes.i("residual_after_act", 0) != 0;
  if (!after) HONE_RETURN_IF_ERROR(add_residual(ctx, 3, y.dims, &y.values));
  for (double& v : y.values) v = act(v);
  if (after) HONE_RETURN_IF_ERROR(add_residual(ctx, 3, y.dims, &y.values));
  ctx.set(0, store(result_type(ctx.node(), ctx.in(0).dtype()), y.dims, y.values));
  return {};
}

// X and W of one 16-bit type, B of f32, the residual of the result's type: X's or f32.
Status check_halves(const InferContext& ctx) {
  const DType x = ctx.in(0).dtype, y = result_type(ctx.node(), x);
  if (x != DType::f16 && x != DType::bf16) {
    return invalid(fmt::format("X has type {}, neither f16 nor bf16", name(x)));
  }
  if (y != x && y != DType::f32) return invalid("the result is neither of X's type nor of f32");
  const DType wanted[] = {x, x, DType::f32, y};
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    const DType t = ctx.in(i).dtype;
    if (t == DType::none || t == wanted[i]) continue;
    return invalid(fmt::format("input {} has type {}, not {}", i, name(t), name(wanted[i])));
  }
  return activation_of(ctx.node()).status();
}

Status infer_half_conv(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_halves(ctx));
  HONE_RETURN_IF_ERROR(infer_convolution(ctx, result_type(ctx.node(), ctx.in(0).dtype)));
  return check_residual(ctx, 3);
}

// --- FusedGemm and HalfGemm
// --------------------------------------------------------------------------------------

Status infer_fused_gemm(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_f32(ctx));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  const graph::Attributes& a = ctx.node().attributes;
  HONE_RETURN_IF_ERROR(infer_product(ctx, a.i("trans_a", 0) != 0, a.i("trans_b", 0) != 0));
  if (ctx.has_input(2) && ctx.has_rank(2) && ctx.has_output(0)) {
    const Fact& y = ctx.graph().fact(ctx.node().outputs[0]);
    if (y.has_rank()) HONE_RETURN_IF_ERROR(check_equal(ctx.shape(2)[0], y.shape->back(), "C"));
  }
  return check_residual(ctx, 3);
}

// B of HalfGemm has a column of the product in each row.
Status infer_half_gemm(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_halves(ctx));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  HONE_RETURN_IF_ERROR(infer_product(ctx, false, true));
  if (!ctx.has_output(0)) return {};
  Fact y = ctx.graph().fact(ctx.node().outputs[0]);
  y.dtype = result_type(ctx.node(), ctx.in(0).dtype);
  ctx.set(0, std::move(y));
  if (ctx.has_input(2) && ctx.has_rank(1) && ctx.has_rank(2)) {
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(2)[0], ctx.shape(1)[0], "C"));
  }
  return check_residual(ctx, 3);
}

Status fused_gemm(RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  HONE_ASSIGN(const Activation act, activation_of(ctx.node()));
  const bool rows = ctx.node().is("HalfGemm", graph::hone_domain);
  HONE_ASSIGN(Product<double> y, product<double>(ctx.in(0), ctx.in(1), a.i("trans_a", 0) != 0,
                                                 rows || a.i("trans_b", 0) != 0));
  const auto alpha = static_cast<double>(a.f("alpha", 1));
  for (double& v : y.values) v *= alpha;
  if (ctx.has_input(2)) {
    const std::vector<double> c = load<double>(ctx.in(2));
    if (y.dims.empty() || static_cast<int64_t>(c.size()) != y.dims.back()) {
      return error(Code::shape_mismatch, "C does not have the result's columns");
    }
    for (size_t i = 0; i < y.values.size(); ++i) y.values[i] += c[i % c.size()];
  }
  HONE_RETURN_IF_ERROR(add_residual(ctx, 3, y.dims, &y.values));
  for (double& v : y.values) v = act(v);
  ctx.set(0, store(result_type(ctx.node(), ctx.in(0).dtype()), y.dims, y.values));
  return {};
}

// --- FusedBinary, Activation, Reorder
// ---------------------------------------------------------------

Status infer_fused_binary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_f32(ctx));
  HONE_ASSIGN(auto out, broadcast_inputs(ctx));
  if (out) {
    ctx.set(0, DType::f32, std::move(*out));
  } else {
    ctx.set_unranked(0, DType::f32);
  }
  return {};
}

Status fused_binary(RefContext& ctx) {
  HONE_ASSIGN(const Activation act, activation_of(ctx.node()));
  HONE_ASSIGN(const Tensor y,
              apply_binary(ctx.node().attributes.s("op", ""), ctx.in(0), ctx.in(1)));
  std::vector<double> values = load<double>(y);
  for (double& v : values) v = act(v);
  ctx.set(0, store(DType::f32, y.dims(), values));
  return {};
}

Status infer_activation(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_f32(ctx));
  return infer_same(ctx);
}

Status activation(RefContext& ctx) {
  HONE_ASSIGN(const Activation act, activation_of(ctx.node()));
  std::vector<double> values = load<double>(ctx.in(0));
  for (double& v : values) v = act(v);
  ctx.set(0, store(ctx.in(0).dtype(), ctx.in(0).dims(), values));
  return {};
}

Status reorder(RefContext& ctx) {
  ctx.set(0, ctx.in(0));
  return {};
}

constexpr AttrSpec conv_attrs[] = {{"act_a", AttrType::f},
                                   {"act_b", AttrType::f},
                                   {"activation", AttrType::s},
                                   {"dilations", AttrType::ints},
                                   {"group", AttrType::i},
                                   {"kernel_shape", AttrType::ints},
                                   {"pads", AttrType::ints},
                                   {"strides", AttrType::ints},
                                   {"residual_after_act", AttrType::i}};
constexpr AttrSpec half_conv_attrs[] = {{"act_a", AttrType::f},
                                        {"act_b", AttrType::f},
                                        {"activation", AttrType::s},
                                        {"auto_pad", AttrType::s},
                                        {"dilations", AttrType::ints},
                                        {"group", AttrType::i},
                                        {"kernel_shape", AttrType::ints},
                                        {"pads", AttrType::ints},
                                        {"strides", AttrType::ints},
                                        {"residual_after_act", AttrType::i},
                                        {"to", AttrType::i}};
constexpr AttrSpec half_gemm_attrs[] = {{"act_a", AttrType::f},
                                        {"act_b", AttrType::f},
                                        {"activation", AttrType::s},
                                        {"to", AttrType::i}};
constexpr AttrSpec gemm_attrs[] = {{"act_a", AttrType::f},      {"act_b", AttrType::f},
                                   {"activation", AttrType::s}, {"alpha", AttrType::f},
                                   {"trans_a", AttrType::i},    {"trans_b", AttrType::i}};
constexpr AttrSpec binary_attrs[] = {{"act_a", AttrType::f},
                                     {"act_b", AttrType::f},
                                     {"activation", AttrType::s},
                                     {"op", AttrType::s, true}};
constexpr AttrSpec act_attrs[] = {
    {"act_a", AttrType::f}, {"act_b", AttrType::f}, {"activation", AttrType::s}};
constexpr const char* hone = graph::hone_domain;
const OpDef defs[] = {
    {hone, "FusedConv", 1, 2, 4, 1, 1, conv_attrs, infer_fused_conv, fused_conv, conv_flops, 1e-4},
    {hone, "FusedGemm", 1, 2, 4, 1, 1, gemm_attrs, infer_fused_gemm, fused_gemm, product_flops,
     1e-4},
    // A result of bf16 is 2^-8 of itself off; where f32 sums differ it may round the other way.
    {hone, "HalfConv", 1, 2, 4, 1, 1, half_conv_attrs, infer_half_conv, fused_conv, conv_flops,
     0x1p-7},
    {hone, "HalfGemm", 1, 2, 4, 1, 1, half_gemm_attrs, infer_half_gemm, fused_gemm, product_flops,
     0x1p-7},
    {hone, "FusedBinary", 1, 2, 2, 1, 1, binary_attrs, infer_fused_binary, fused_binary, nullptr},
    {hone, "Activation", 1, 1, 1, 1, 1, act_attrs, infer_activation, activation, nullptr},
    {hone, "Reorder", 1, 1, 1, 1, 1, {}, infer_same, reorder, no_flops, 0},
};

}  // namespace

std::span<const OpDef> fused_defs() { return defs; }

}  // namespace hone::ops
