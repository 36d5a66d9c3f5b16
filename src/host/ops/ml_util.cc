#include "host/ops/ml_util.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

#include "host/ops/ref_util.h"

namespace hone::ops {

const std::vector<std::string>* strings_of(const Node& node, const char* name) {
  const graph::Attr* attr = node.attributes.find(name);
  return attr == nullptr ? nullptr : std::get_if<std::vector<std::string>>(attr);
}

std::vector<double> doubles_of(const Node& node, const char* name) {
  const std::vector<float> v = node.attributes.floats(name);
  return {v.begin(), v.end()};
}

Rows rows_of(const Tensor& x) {
  Rows r;
  if (x.rank() == 0) return r;
  r.size = x.dims().back();
  for (size_t d = 0; d + 1 < x.dims().size(); ++d) r.count *= x.dims()[d];
  return r;
}

Dim row_count(const InferContext& ctx) {
  if (!ctx.has_rank(0)) return ctx.unknown(0, 0);
  return ctx.in(0).rank() == 2 ? ctx.shape(0)[0] : Dim(1);
}

std::vector<double> numbers_of(const Tensor& x) {
  if (is_float(x.dtype())) return load<double>(x);
  const std::vector<int64_t> whole = ints_of(x);
  return {whole.begin(), whole.end()};
}

Status need_rows(const RefContext& ctx) {
  if (ctx.in(0).rank() == 1 || ctx.in(0).rank() == 2) return {};
  return error(Code::shape_mismatch, "the samples are not rows");
}

Result<PostTransform> post_transform_of(const Node& node) {
  const std::string kind = node.attributes.s("post_transform", "NONE");
  if (kind == "NONE") return PostTransform::none;
  if (kind == "SOFTMAX") return PostTransform::softmax;
  if (kind == "LOGISTIC") return PostTransform::logistic;
  if (kind == "SOFTMAX_ZERO") return PostTransform::softmax_zero;
  if (kind == "PROBIT") return PostTransform::probit;
  return invalid("post_transform '" + kind + "'");
}

void transform(PostTransform kind, double* y, int64_t n) {
  if (kind == PostTransform::logistic) {
    for (int64_t i = 0; i < n; ++i) y[i] = 1 / (1 + std::exp(-y[i]));
  } else if (kind == PostTransform::probit) {
    for (int64_t i = 0; i < n; ++i) {
      const double p = 2 * y[i] - 1;
      y[i] = std::fabs(p) < 1 ? std::sqrt(2.0) * boost::math::erf_inv(p) : std::nan("");
    }
  } else if (kind != PostTransform::none) {
    const double most = *std::max_element(y, y + n);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (kind == PostTransform::softmax || y[i] != 0) sum += y[i] = std::exp(y[i] - most);
    }
    for (int64_t i = 0; i < n; ++i) y[i] = sum > 0 ? y[i] / sum : y[i];
  }
}

Result<ClassLabels> ClassLabels::of(const Node& node, const char* ints) {
  ClassLabels labels;
  labels.words_ = strings_of(node, "classlabels_strings");
  labels.numbers_ = node.attributes.ints(ints);
  if (labels.words_ != nullptr && labels.words_->empty()) labels.words_ = nullptr;
  if ((labels.words_ != nullptr) == !labels.numbers_.empty()) {
    return invalid(fmt::format("one of classlabels_strings and {} is needed", ints));
  }
  return labels;
}

Tensor ClassLabels::all() const {
  return words_ != nullptr ? Tensor::strings({count()}, *words_)
                           : Tensor::of<int64_t>({count()}, std::span<const int64_t>(numbers_));
}

Tensor ClassLabels::at(const std::vector<size_t>& places) const {
  const Tensor from = all();
  Mover mover(dtype(), {static_cast<int64_t>(places.size())});
  int64_t to = 0;
  for (size_t place : places) mover.put(to++, from, static_cast<int64_t>(place));
  return std::move(mover).take();
}

Status set_classes(InferContext& ctx, DType labels, const Dim& scores) {
  const Dim rows = row_count(ctx);
  ctx.set(0, labels, {rows});
  if (ctx.has_output(1)) ctx.set(1, DType::f32, {rows, scores});
  return {};
}

}  // namespace hone::ops
