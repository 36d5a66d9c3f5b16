// Quantised operators of com.microsoft, as ONNX Runtime's quantizer writes them: element by element
// (QLinearAdd, QLinearMul, QLinearSigmoid, QLinearLeakyRelu, QLinearWhere), QLinearConcat,
// QLinearSoftmax, and means (QLinearAveragePool, QLinearGlobalAveragePool, QLinearReduceMean).
// Between dequantising and quantising they are the operators of ONNX.
#include <cmath>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

Fact f32_of(const InferContext& ctx, size_t i) { return with_type(ctx.in(i), DType::f32); }

Result<Tensor> float_of(const RefContext& ctx, size_t x, size_t scale, size_t zero) {
  HONE_ASSIGN(const std::vector<double> values,
              dequantized(ctx.in(x), optional_input(ctx, scale), optional_input(ctx, zero)));
  return store(DType::f64, ctx.in(x).dims(), values);
}

// Output 0 from real values, by the scale and zero point at these inputs.
Status set_quantized(RefContext& ctx, const Tensor& y, size_t scale, size_t zero,
                     Rounding rounding) {
  HONE_ASSIGN(const double s, scalar_of(optional_input(ctx, scale), 1));
  HONE_ASSIGN(const double z, scalar_of(optional_input(ctx, zero), 0));
  std::vector<double> values = load<double>(y);
  for (double& v : values) v = quantized(v / s, z, rounding);
  ctx.set(0, store(ctx.in(0).dtype(), y.dims(), values));
  return {};
}

// Optional zero points stand before operands that are not optional.
template <class Context>
Status need_inputs(const Context& ctx, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
  }
  return {};
}

Status check_scalars(const InferContext& ctx, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) HONE_RETURN_IF_ERROR(check_scalar(ctx, i));
  return {};
}

// --- element by element -------------------------------------------------------------------------

// Inputs: A, scale, zero point, B, scale, zero point, C's scale, zero point.
Status infer_binary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3, 4, 6}));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 0));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 3));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {1, 2, 4, 5, 6, 7}));
  return infer_inner(ctx, {"Add", 14, {}}, {f32_of(ctx, 0), f32_of(ctx, 3)}, ctx.in(0).dtype);
}

template <bool Multiply>
Status binary(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3, 4, 6}));
  if (ctx.in(3).dtype() != ctx.in(0).dtype()) return bad_dtype(ctx.node(), ctx.in(3).dtype());
  HONE_ASSIGN(const Tensor a, float_of(ctx, 0, 1, 2));
  HONE_ASSIGN(const Tensor b, float_of(ctx, 3, 4, 5));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {Multiply ? "Mul" : "Add", 14, {}}, {a, b}));
  return set_quantized(ctx, y, 6, 7, Rounding::after_zero_point);
}

// Inputs: X, scale, zero point, Y's scale, zero point.
Status infer_unary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 0));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {1, 2, 3, 4}));
  return infer_same(ctx);
}

Status through(RefContext& ctx, const Inner& inner, Rounding rounding) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  HONE_ASSIGN(const Tensor x, float_of(ctx, 0, 1, 2));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, inner, {x}));
  return set_quantized(ctx, y, 3, 4, rounding);
}

Status sigmoid(RefContext& ctx) {
  return through(ctx, {"Sigmoid", 13, {}}, Rounding::before_zero_point);
}
Status leaky_relu(RefContext& ctx) {
  return through(ctx, {"LeakyRelu", 16, ctx.node().attributes}, Rounding::before_zero_point);
}

// Inputs: condition, X, scale, zero point, Y, scale, zero point, Z's scale, zero point.
Status infer_where(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 1));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 4));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {2, 3, 5, 6, 7, 8}));
  return infer_inner(ctx, {"Where", 16, {}}, {ctx.in(0), f32_of(ctx, 1), f32_of(ctx, 4)},
                     ctx.in(1).dtype);
}

Status where(RefContext& ctx) {
  HONE_ASSIGN(const Tensor x, float_of(ctx, 1, 2, 3));
  HONE_ASSIGN(const Tensor y, float_of(ctx, 4, 5, 6));
  HONE_ASSIGN(const Tensor z, run_inner(ctx, {"Where", 16, {}}, {ctx.in(0), x, y}));
  HONE_ASSIGN(const double scale, scalar_of(ctx.in(7), 1));
  HONE_ASSIGN(const double zero, scalar_of(ctx.in(8), 0));
  std::vector<double> values = load<double>(z);
  for (double& v : values) v = quantized(v / scale, zero, Rounding::before_zero_point);
  ctx.set(0, store(ctx.in(1).dtype(), z.dims(), values));
  return {};
}

// --- QLinearConcat ------------------------------------------------------------------------------

// Inputs: Y's scale, zero point, then X, scale, zero point for every part.
Status infer_concat(InferContext& ctx) {
  if (ctx.inputs() % 3 != 2) return invalid("the parts are not triples");
  std::vector<Fact> parts;
  for (size_t i = 2; i < ctx.inputs(); i += 3) {
    HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
    HONE_RETURN_IF_ERROR(check_scalars(ctx, {i + 1, i + 2}));
    parts.push_back(f32_of(ctx, i));
  }
  return infer_inner(ctx, {"Concat", 13, ctx.node().attributes}, parts, ctx.in(2).dtype);
}

Status concat(RefContext& ctx) {
  HONE_ASSIGN(const double scale, scalar_of(ctx.in(0), 1));
  HONE_ASSIGN(const double zero, scalar_of(ctx.in(1), 0));
  std::vector<Tensor> parts;
  for (size_t i = 2; i + 2 < ctx.inputs(); i += 3) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
    HONE_ASSIGN(Tensor part, float_of(ctx, i, i + 1, i + 2));
    parts.push_back(std::move(part));
  }
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"Concat", 13, ctx.node().attributes}, parts));
  std::vector<double> values = load<double>(y);
  for (double& v : values) v = quantized(v / scale, zero, Rounding::before_zero_point);
  ctx.set(0, store(ctx.in(2).dtype(), y.dims(), values));
  return {};
}

// --- QLinearSoftmax -----------------------------------------------------------------------------

// Attribute opset: whose Softmax it is; before 13 the rest of the tensor from `axis` on is one row.
Inner softmax_of(const Node& node) {
  const int64_t opset = node.attributes.i("opset", 13);
  return {"Softmax", opset < 13 ? 11 : 13, without(node.attributes, {"opset"})};
}

Status infer_softmax(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 0));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {1, 2, 3, 4}));
  return infer_inner(ctx, softmax_of(ctx.node()), {f32_of(ctx, 0)}, ctx.in(0).dtype);
}
Status softmax(RefContext& ctx) {
  return through(ctx, softmax_of(ctx.node()), Rounding::before_zero_point);
}

// --- means --------------------------------------------------------------------------------------

// channels_last: X is [N, spatial ..., C]. Permutations to [N, C, spatial ...] and back.
std::vector<int64_t> to_channels_first(int rank) {
  std::vector<int64_t> perm{0, rank - 1};
  for (int d = 1; d + 1 < rank; ++d) perm.push_back(d);
  return perm;
}
std::vector<int64_t> to_channels_last(int rank) {
  std::vector<int64_t> perm{0};
  for (int d = 2; d < rank; ++d) perm.push_back(d);
  perm.push_back(1);
  return perm;
}

Inner pool_of(const Node& node) {
  if (node.op == "QLinearGlobalAveragePool") return {"GlobalAveragePool", 1, {}};
  return {"AveragePool", 10, without(node.attributes, {"channels_last"})};
}

SymShape permuted(const SymShape& shape, const std::vector<int64_t>& perm) {
  SymShape out;
  for (int64_t p : perm) out.push_back(shape[static_cast<size_t>(p)]);
  return out;
}

Status infer_pool(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 0));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {1, 2, 3, 4}));
  const DType t = ctx.in(0).dtype;
  const bool last = ctx.node().attributes.i("channels_last", 0) != 0;
  Fact x = f32_of(ctx, 0);
  if (last && x.has_rank()) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
    x.shape = permuted(*x.shape, to_channels_first(x.rank()));
  }
  HONE_RETURN_IF_ERROR(infer_inner(ctx, pool_of(ctx.node()), {x}, t));
  if (!last || !ctx.has_output(0)) return {};
  const Fact y = ctx.graph().fact(ctx.node().outputs[0]);
  if (y.has_rank()) ctx.set(0, t, permuted(*y.shape, to_channels_last(y.rank())));
  return {};
}

Result<Tensor> transposed(const RefContext& ctx, const Tensor& x, std::vector<int64_t> perm) {
  graph::Attributes attributes;
  attributes.set("perm", std::move(perm));
  return run_inner(ctx, {"Transpose", 13, attributes}, {x});
}

Status pool(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  const bool last = ctx.node().attributes.i("channels_last", 0) != 0;
  // The mean over a whole plane is an integer sum, scaled; a window's is a float.
  const bool global = ctx.node().op == "QLinearGlobalAveragePool";
  HONE_ASSIGN(Tensor x, float_of(ctx, 0, 1, 2));
  if (x.rank() < 3) return error(Code::shape_mismatch, "the rank is below 3");
  if (last) {
    HONE_ASSIGN(x, transposed(ctx, x, to_channels_first(x.rank())));
  }
  HONE_ASSIGN(Tensor y, run_inner(ctx, pool_of(ctx.node()), {x}));
  if (last) {
    HONE_ASSIGN(y, transposed(ctx, y, to_channels_last(y.rank())));
  }
  return set_quantized(ctx, y, 3, 4,
                       global ? Rounding::before_zero_point : Rounding::after_zero_point);
}

Status infer_mean(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(need_inputs(ctx, {3}));
  HONE_RETURN_IF_ERROR(check_8bit(ctx, 0));
  HONE_RETURN_IF_ERROR(check_scalars(ctx, {1, 2, 3, 4}));
  return infer_inner(ctx, {"ReduceMean", 13, ctx.node().attributes}, {f32_of(ctx, 0)},
                     ctx.in(0).dtype);
}
Status mean(RefContext& ctx) {
  return through(ctx, {"ReduceMean", 13, ctx.node().attributes}, Rounding::before_zero_point);
}

// --- table --------------------------------------------------------------------------------------

double four(const Graph& graph, const Node& node) { return 4 * output_elements(graph, node); }
double inputs(const Graph& graph, const Node& node) { return 2 * input_elements(graph, node); }

constexpr AttrSpec alpha[] = {{"alpha", AttrType::f}};
constexpr AttrSpec axis[] = {{"axis", AttrType::i, true}};
constexpr AttrSpec softmax_attrs[] = {{"axis", AttrType::i}, {"opset", AttrType::i, true}};
constexpr AttrSpec channels_last[] = {{"channels_last", AttrType::i}};
constexpr AttrSpec mean_attrs[] = {{"axes", AttrType::ints, true}, {"keepdims", AttrType::i, true}};
constexpr AttrSpec pool_attrs[] = {{"auto_pad", AttrType::s},
                                   {"ceil_mode", AttrType::i},
                                   {"channels_last", AttrType::i},
                                   {"count_include_pad", AttrType::i},
                                   {"kernel_shape", AttrType::ints, true},
                                   {"pads", AttrType::ints},
                                   {"strides", AttrType::ints}};
constexpr const char* ms = microsoft;
const OpDef defs[] = {
    {ms, "QLinearAdd", 1, 2, 8, 1, 1, {}, infer_binary, binary<false>, four, 0},
    {ms, "QLinearMul", 1, 2, 8, 1, 1, {}, infer_binary, binary<true>, four, 0},
    {ms, "QLinearSigmoid", 1, 2, 5, 1, 1, {}, infer_unary, sigmoid, four, 0},
    {ms, "QLinearLeakyRelu", 1, 2, 5, 1, 1, alpha, infer_unary, leaky_relu, four, 0},
    {ms, "QLinearWhere", 1, 9, 9, 1, 1, {}, infer_where, where, four, 0},
    {ms, "QLinearConcat", 1, 5, -1, 1, 1, axis, infer_concat, concat, four, 0},
    {ms, "QLinearSoftmax", 1, 2, 5, 1, 1, softmax_attrs, infer_softmax, softmax, four, 0},
    {ms, "QLinearAveragePool", 1, 2, 5, 1, 1, pool_attrs, infer_pool, pool, inputs, 0},
    {ms, "QLinearGlobalAveragePool", 1, 5, 5, 1, 1, channels_last, infer_pool, pool, inputs, 0},
    {ms, "QLinearReduceMean", 1, 2, 5, 1, 1, mean_attrs, infer_mean, mean, inputs, 0},
};

}  // namespace

std::span<const OpDef> qlinear_defs() { return defs; }

}  // namespace hone::ops
