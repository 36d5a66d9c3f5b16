// Arithmetic of quantised operators: operands less their zero points are exact in double, a result
// is scaled and rounded once, to nearest even, and saturates.
#pragma once

#include <optional>

#include "host/ops/ref_util.h"

namespace hone::ops {

constexpr const char* microsoft = "com.microsoft";

// One scale or zero point for each of a tensor's elements: a scalar, a vector along `axis`, or of a
// shape that broadcasts to the tensor's.
class PerElement {
 public:
  // `values` may be an absent tensor: `absent` everywhere.
  static Result<PerElement> of(const Tensor& values, const Dims& dims, int axis, double absent);
  double operator[](int64_t element) const {
    if (values_.size() == 1) return values_[0];
    return values_[index_.empty() ? static_cast<size_t>(element / inner_ % size_)
                                  : static_cast<size_t>(index_[static_cast<size_t>(element)])];
  }

 private:
  std::vector<double> values_;
  std::vector<int64_t> index_;
  int64_t inner_ = 1, size_ = 1;
};

// x - zero point, as f64.
Result<Tensor> centred(const Tensor& x, const Tensor& zero_point, int axis);
// (x - zero point) scale.
Result<std::vector<double>> dequantized(const Tensor& x, const Tensor& scale,
                                        const Tensor& zero_point);

// The one element of a scale or zero point; `absent` where the tensor is.
Result<double> scalar_of(const Tensor& t, double absent);
// An optional operand of a reference: an absent tensor where it is not given.
Tensor optional_input(const RefContext& ctx, size_t i);

// What an accumulator becomes: round(v in f32) + zero point, or round(v + zero point), which
// decides ties the other way where the zero point is odd. Each operator says which ONNX Runtime's
// does.
enum class Rounding { before_zero_point, after_zero_point };
double quantized(double value, double zero_point, Rounding rounding);

// Sums of products become floats: f32(sum) (x's scale w's) + bias, as f32 has it. The scales are
// inputs 1, one for all, and 4, one for all or one for each index of `axis`.
Status scale_sums(const RefContext& ctx, int axis, std::vector<double>* values, const Dims& dims,
                  const PerElement& bias);

// --- inference ----------------------------------------------------------------------------------
// Input i is of a quantised type: integers of up to 16 bits, floats of 8.
Status check_8bit(const InferContext& ctx, size_t i);
// And no float; its zero point, where there is one, is of the same type.
Status check_8bit_integer(const InferContext& ctx, size_t i, size_t zero);
// Input i is one scale or zero point, or absent.
Status check_scalar(const InferContext& ctx, size_t i);

}  // namespace hone::ops
