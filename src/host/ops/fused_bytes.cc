// Hone's own operators on quantised values, described in FUSED.md: what the operators of ONNX
// compute between DequantizeLinear and QuantizeLinear.
#include <algorithm>
#include <cmath>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

Status check_operands(const InferContext& ctx, std::initializer_list<size_t> bytes) {
  for (size_t i : bytes) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  return {};
}
// The same of tensors, which may come without an inference that would have refused them.
Status check_operands(const RefContext& ctx, std::initializer_list<size_t> bytes) {
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
  }
  for (size_t i : bytes) {
    const DType t = ctx.in(i).dtype();
    if (t != DType::u8 && t != DType::i8) return bad_dtype(ctx.node(), t);
  }
  return {};
}
Status check_function(const std::string& op) {
  return op == "Add" || op == "Sub" || op == "Mul" ? Status()
                                                   : invalid("there is no such function");
}

// --- ByteTable

Status infer_table(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 1}));
  ctx.set(0, with_type(ctx.in(0), ctx.in(1).dtype));
  return {};
}

Status table(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 1}));
  const Tensor &x = ctx.in(0), &entries = ctx.in(1);
  if (entries.count() != 256) return error(Code::shape_mismatch, "the table has not 256 entries");
  Tensor y(entries.dtype(), x.dims());
  for (int64_t i = 0; i < x.count(); ++i) y.set(i, entries.at(x.int_at(i) & 255));
  ctx.set(0, std::move(y));
  return {};
}

// --- QuantizedBinary, QuantizedPool

double f32(double v) { return static_cast<double>(static_cast<float>(v)); }

// (x - zero) scale, as DequantizeLinear rounds it.
Result<Tensor> float_of(const RefContext& ctx, size_t x) {
  HONE_ASSIGN(const std::vector<double> values,
              dequantized(ctx.in(x), ctx.in(x + 1), ctx.in(x + 2)));
  return store(DType::f32, ctx.in(x).dims(), values);
}

// What QuantizeLinear makes of f32 values, within the attributes' range.
Status set_bytes(RefContext& ctx, const Dims& dims, std::vector<double> values, size_t scale,
                 double divided_by) {
  HONE_ASSIGN(const double zero, scalar_of(ctx.in(scale + 1), 0));
  const DType t = ctx.in(scale + 1).dtype();
  const double least = t == DType::u8 ? 0 : -128;
  const graph::Attributes& a = ctx.node().attributes;
  const auto low = static_cast<double>(a.i("lowest", static_cast<int64_t>(least)));
  const auto high = static_cast<double>(a.i("highest", static_cast<int64_t>(least) + 255));
  for (double& v : values) {
    v = std::min(std::max(std::nearbyint(f32(v / divided_by)) + zero, low), high);
  }
  ctx.set(0, store(t, dims, values));
  return {};
}

Status infer_binary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 2, 3, 5, 7}));
  HONE_RETURN_IF_ERROR(check_function(ctx.node().attributes.s("op", "")));
  return infer_inner(ctx, {"Add", 14, {}},
                     {with_type(ctx.in(0), DType::f32), with_type(ctx.in(3), DType::f32)},
                     ctx.in(7).dtype);
}

Status binary(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 2, 3, 5, 7}));
  const std::string op = ctx.node().attributes.s("op", "");
  HONE_RETURN_IF_ERROR(check_function(op));
  HONE_ASSIGN(const Tensor a, float_of(ctx, 0));
  HONE_ASSIGN(const Tensor b, float_of(ctx, 3));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {op.c_str(), 14, {}}, {a, b}));
  HONE_ASSIGN(const double scale, scalar_of(ctx.in(6), 1));
  return set_bytes(ctx, y.dims(), load<double>(y), 6, scale);
}

Inner pool_of(const Node& node) {
  if (node.attributes.i("global", 0) != 0) return {"GlobalAveragePool", 1, {}};
  return {"AveragePool", 10, without(node.attributes, {"global"})};
}

Status infer_pool(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 2, 4}));
  return infer_inner(ctx, pool_of(ctx.node()), {with_type(ctx.in(0), DType::f32)}, ctx.in(4).dtype);
}

Status pool(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(check_operands(ctx, {0, 2, 4}));
  HONE_ASSIGN(const Tensor x, centred(ctx.in(0), ctx.in(2), 0));
  HONE_ASSIGN(const Tensor mean, run_inner(ctx, pool_of(ctx.node()), {x}));
  HONE_ASSIGN(const double from, scalar_of(ctx.in(1), 1));
  HONE_ASSIGN(const double to, scalar_of(ctx.in(3), 1));
  const double ratio = f32(from / to);
  std::vector<double> values = load<double>(mean);
  for (double& v : values) v = f32(f32(v) * ratio);
  return set_bytes(ctx, mean.dims(), std::move(values), 3, 1);
}

double one(const Graph& graph, const Node& node) { return output_elements(graph, node); }
double inputs(const Graph& graph, const Node& node) { return input_elements(graph, node); }

constexpr AttrSpec binary_attrs[] = {
    {"highest", AttrType::i}, {"lowest", AttrType::i}, {"op", AttrType::s, true}};
constexpr AttrSpec pool_attrs[] = {{"auto_pad", AttrType::s},          {"ceil_mode", AttrType::i},
                                   {"count_include_pad", AttrType::i}, {"global", AttrType::i},
                                   {"kernel_shape", AttrType::ints},   {"pads", AttrType::ints},
                                   {"strides", AttrType::ints}};
constexpr const char* hone = graph::hone_domain;
const OpDef defs[] = {
    {hone, "ByteTable", 1, 2, 2, 1, 1, {}, infer_table, table, one, 0},
    {hone, "QuantizedBinary", 1, 8, 8, 1, 1, binary_attrs, infer_binary, binary, one, 0},
    {hone, "QuantizedPool", 1, 5, 5, 1, 1, pool_attrs, infer_pool, pool, inputs, 0},
};

}  // namespace

std::span<const OpDef> fused_bytes_defs() { return defs; }

}  // namespace hone::ops
