// QuantizeLinear, DequantizeLinear: one scale for the tensor, per index of an axis, or per block
// along it.
#include <algorithm>
#include <cmath>

#include "common/tensor/small_float.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- inference
// ------------------------------------------------------------------------------------

Status check_scale(const InferContext& ctx) {
  if (!ctx.has_rank(0) || !ctx.has_rank(1) || ctx.in(1).rank() == 0) return {};
  const int rank = ctx.in(0).rank();
  const int64_t block = ctx.node().attributes.i("block_size", 0);
  if (block < 0) return invalid(fmt::format("block_size is {}", block));
  if (ctx.in(1).rank() == 1 && block == 0) {
    const Dim& size = ctx.shape(1)[0];
    if (size == Dim(1)) return {};
    HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 1), rank));
    return check_equal(size, ctx.shape(0)[static_cast<size_t>(axis)], "scales and axis");
  }
  return check_rank(ctx, 1, rank, rank);
}

Result<DType> given_dtype(const Node& node) {
  const int64_t t = node.attributes.i("output_dtype", 0);
  if (t < 0 || t >= dtype_count) return unsupported(fmt::format("output_dtype {}", t));
  return static_cast<DType>(t);
}

Status infer_quantize(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_scale(ctx));
  HONE_ASSIGN(DType t, given_dtype(ctx.node()));
  if (ctx.has_input(2)) t = ctx.in(2).dtype;
  ctx.set(0, shaped_like(ctx.in(0), t == DType::none && !ctx.has_input(2) ? DType::u8 : t));
  return {};
}

Status infer_dequantize(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_scale(ctx));
  HONE_ASSIGN(const DType t, given_dtype(ctx.node()));
  ctx.set(0, shaped_like(ctx.in(0), t != DType::none ? t : ctx.in(1).dtype));
  return {};
}

// --- reference
// --------------------------------------------------------------------------------------

// Which scale an element of X takes.
class ScaleIndex {
 public:
  static Result<ScaleIndex> of(const RefContext& ctx) {
    const Tensor &x = ctx.in(0), &scale = ctx.in(1);
    ScaleIndex index;
    if (ctx.has_input(2) && ctx.in(2).count() != scale.count()) {
      return error(Code::shape_mismatch, "scale and zero point differ in shape");
    }
    if (scale.count() == 1) return index;
    HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 1), x.rank()));
    const auto at = static_cast<size_t>(axis);
    const std::span<const int64_t> dims(x.dims());
    index.inner_ = element_count(dims.subspan(at + 1));
    index.size_ = dims[at];
    if (scale.rank() == 1 && x.rank() != 1) {
      if (scale.count() != dims[at]) return error(Code::shape_mismatch, "scales and axis differ");
      index.scales_ = dims[at];
      return index;
    }
    Dims expected = x.dims();
    const int64_t n = scale.rank() == x.rank() ? scale.dims()[at] : 0;
    expected[at] = n;
    if (n < 1 || scale.dims() != expected) {
      return error(Code::shape_mismatch, "the scale's shape does not fit X's");
    }
    const int64_t block = ctx.node().attributes.i("block_size", 0);
    index.block_ = block > 0 ? block : std::max<int64_t>(1, (dims[at] + n - 1) / n);
    if ((dims[at] - 1) / index.block_ >= n) return error(Code::shape_mismatch, "too few blocks");
    index.scales_ = n;
    index.blocked_ = true;
    return index;
  }
  size_t operator()(size_t element) const {
    if (scales_ == 0) return 0;
    const auto i = static_cast<int64_t>(element);
    const int64_t along = i / inner_ % size_;
    if (!blocked_) return static_cast<size_t>(along);
    const int64_t outer = i / inner_ / size_;
    return static_cast<size_t>((outer * scales_ + along / block_) * inner_ + i % inner_);
  }

 private:
  int64_t inner_ = 1, size_ = 1, scales_ = 0, block_ = 1;
  bool blocked_ = false;
};

std::vector<double> zero_points(const RefContext& ctx) {
  if (ctx.has_input(2)) return load<double>(ctx.in(2));
  return std::vector<double>(static_cast<size_t>(ctx.in(1).count()), 0.0);
}

Status quantize(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &scale = ctx.in(1);
  HONE_ASSIGN(DType t, given_dtype(ctx.node()));
  if (ctx.has_input(2)) t = ctx.in(2).dtype();
  if (t == DType::none) t = DType::u8;
  HONE_ASSIGN(const ScaleIndex index, ScaleIndex::of(ctx));
  const std::vector<double> scales = load<double>(scale), zeros = zero_points(ctx);
  // The quotient is a value of the scale's type (or `precision`), and so are its ties.
  auto precision = static_cast<DType>(ctx.node().attributes.i("precision", 0));
  if (!is_float(precision)) precision = is_float(scale.dtype()) ? scale.dtype() : DType::f32;
  if (precision == DType::f8e8m0) precision = x.dtype();
  std::vector<double> values = load<double>(x);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t at = index(i);
    const double q = round_to(precision, values[i] / scales[at]);
    values[i] = is_integer(t) ? std::nearbyint(q) + zeros[at] : q + zeros[at];
  }
  Tensor y = store(t, x.dims(), values);
  if (is_float(t) && bits(t) == 8 && ctx.node().attributes.i("saturate", 1) == 0) {
    auto* codes = static_cast<uint8_t*>(y.mutable_data());
    for (size_t i = 0; i < values.size(); ++i) {
      codes[i] = static_cast<uint8_t>(small_float_code(t, values[i], {.saturate = false}));
    }
  }
  ctx.set(0, std::move(y));
  return {};
}

Status dequantize(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &scale = ctx.in(1);
  HONE_ASSIGN(DType t, given_dtype(ctx.node()));
  if (t == DType::none) t = scale.dtype();
  HONE_ASSIGN(const ScaleIndex index, ScaleIndex::of(ctx));
  const std::vector<double> scales = load<double>(scale), zeros = zero_points(ctx);
  std::vector<double> values = load<double>(x);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t at = index(i);
    values[i] = (values[i] - zeros[at]) * scales[at];
  }
  ctx.set(0, store(t, x.dims(), values));
  return {};
}

double twice(const Graph& graph, const Node& node) { return 2 * output_elements(graph, node); }

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec axis_saturate[] = {{"axis", AttrType::i}, {"saturate", AttrType::i}};
constexpr AttrSpec quantize_21[] = {{"axis", AttrType::i},
                                    {"block_size", AttrType::i},
                                    {"output_dtype", AttrType::i},
                                    {"saturate", AttrType::i}};
constexpr AttrSpec quantize_23[] = {{"axis", AttrType::i},
                                    {"block_size", AttrType::i},
                                    {"output_dtype", AttrType::i},
                                    {"precision", AttrType::i},
                                    {"saturate", AttrType::i}};
constexpr AttrSpec dequantize_21[] = {{"axis", AttrType::i}, {"block_size", AttrType::i}};
constexpr AttrSpec dequantize_23[] = {
    {"axis", AttrType::i}, {"block_size", AttrType::i}, {"output_dtype", AttrType::i}};
constexpr const char* q = "QuantizeLinear";
constexpr const char* dq = "DequantizeLinear";
const OpDef defs[] = {
    {"", q, 10, 2, 3, 1, 1, {}, infer_quantize, quantize, twice, 0},
    {"", q, 13, 2, 3, 1, 1, axis, infer_quantize, quantize, twice, 0},
    {"", q, 19, 2, 3, 1, 1, axis_saturate, infer_quantize, quantize, twice, 0},
    {"", q, 21, 2, 3, 1, 1, quantize_21, infer_quantize, quantize, twice, 0},
    {"", q, 23, 2, 3, 1, 1, quantize_23, infer_quantize, quantize, twice, 0},
    {"", dq, 10, 2, 3, 1, 1, {}, infer_dequantize, dequantize, twice},
    {"", dq, 13, 2, 3, 1, 1, axis, infer_dequantize, dequantize, twice},
    {"", dq, 21, 2, 3, 1, 1, dequantize_21, infer_dequantize, dequantize, twice},
    {"", dq, 23, 2, 3, 1, 1, dequantize_23, infer_dequantize, dequantize, twice},
};

}  // namespace

std::span<const OpDef> quantize_defs() { return defs; }

}  // namespace hone::ops
