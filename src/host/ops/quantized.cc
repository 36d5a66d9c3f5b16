#include "host/ops/quantized.h"

#include <cmath>

#include "host/ops/infer_util.h"

namespace hone::ops {

Result<PerElement> PerElement::of(const Tensor& values, const Dims& dims, int axis, double absent) {
  PerElement p;
  p.values_ = values ? load<double>(values) : std::vector<double>{absent};
  if (p.values_.size() == 1) return p;
  if (values.rank() == 1) {
    HONE_ASSIGN(const int at, normal_axis(axis, static_cast<int>(dims.size())));
    const std::span<const int64_t> all(dims);
    p.inner_ = element_count(all.subspan(static_cast<size_t>(at) + 1));
    p.size_ = dims[static_cast<size_t>(at)];
    if (p.size_ == values.count()) return p;
    return error(Code::shape_mismatch,
                 fmt::format("{} scales or zero points for size {}", values.count(), p.size_));
  }
  HONE_ASSIGN(const Dims both, broadcast_dims(values.dims(), dims));
  if (both != dims) return error(Code::shape_mismatch, "scales or zero points exceed the tensor");
  Walk<1> walk(dims, {broadcast_strides(values.dims(), dims)});
  for (int64_t n = element_count(dims); n > 0; --n, walk.next()) p.index_.push_back(walk.offset());
  return p;
}

Result<Tensor> centred(const Tensor& x, const Tensor& zero_point, int axis) {
  HONE_RETURN_IF_ERROR(check_size(DType::f64, x.dims()));
  std::vector<double> values = load<double>(x);
  HONE_ASSIGN(const PerElement zero, PerElement::of(zero_point, x.dims(), axis, 0));
  for (size_t i = 0; i < values.size(); ++i) values[i] -= zero[static_cast<int64_t>(i)];
  return store(DType::f64, x.dims(), values);
}

Result<std::vector<double>> dequantized(const Tensor& x, const Tensor& scale,
                                        const Tensor& zero_point) {
  HONE_ASSIGN(const double s, scalar_of(scale, 1));
  HONE_ASSIGN(const double z, scalar_of(zero_point, 0));
  std::vector<double> values = load<double>(x);
  for (double& v : values) v = (v - z) * s;
  return values;
}

Result<double> scalar_of(const Tensor& t, double absent) {
  if (!t) return absent;
  const std::vector<double> values = load<double>(t);
  if (values.size() == 1) return values[0];
  return error(Code::shape_mismatch,
               fmt::format("a scale or zero point has the shape {}", to_string(t.dims())));
}

Tensor optional_input(const RefContext& ctx, size_t i) {
  return ctx.has_input(i) ? ctx.in(i) : Tensor();
}

double quantized(double value, double zero_point, Rounding rounding) {
  const double v = static_cast<double>(static_cast<float>(value));
  if (rounding == Rounding::before_zero_point) return std::nearbyint(v) + zero_point;
  return std::nearbyint(static_cast<double>(static_cast<float>(v + zero_point)));
}

Status scale_sums(const RefContext& ctx, int axis, std::vector<double>* values, const Dims& dims,
                  const PerElement& bias) {
  HONE_ASSIGN(const double x_scale, scalar_of(ctx.in(1), 1));
  HONE_ASSIGN(const PerElement w_scale, PerElement::of(ctx.in(4), dims, axis, 1));
  for (size_t i = 0; i < values->size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const float scale = static_cast<float>(x_scale) * static_cast<float>(w_scale[at]);
    const float scaled = static_cast<float>((*values)[i]) * scale;
    (*values)[i] = static_cast<double>(scaled + static_cast<float>(bias[at]));
  }
  return {};
}

Status check_8bit(const InferContext& ctx, size_t i) {
  const DType t = ctx.in(i).dtype;
  if (t == DType::none || bits(t) <= (is_float(t) ? 8 : 16)) return {};
  return invalid(fmt::format("input {} has type {}, not a quantised type", i, name(t)));
}

Status check_8bit_integer(const InferContext& ctx, size_t i, size_t zero) {
  const DType t = ctx.in(i).dtype;
  HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  if (is_float(t)) return invalid(fmt::format("input {} has type {}, not an integer", i, name(t)));
  const DType z = ctx.has_input(zero) ? ctx.in(zero).dtype : DType::none;
  if (z == DType::none || t == DType::none || z == t) return {};
  return invalid(fmt::format("zero point of type {} for input {} of type {}", name(z), i, name(t)));
}

Status check_scalar(const InferContext& ctx, size_t i) {
  if (!ctx.has_input(i) || !ctx.has_rank(i) || ctx.in(i).rank() == 0) return {};
  HONE_RETURN_IF_ERROR(check_rank(ctx, i, 0, 1));
  return check_equal(ctx.shape(i)[0], Dim(1), "size of a scale or zero point, and 1");
}

}  // namespace hone::ops
