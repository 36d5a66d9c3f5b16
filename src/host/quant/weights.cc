#include "host/quant/weights.h"

#include <algorithm>
#include <cmath>

#include "host/quant/params.h"

namespace hone::quant {

namespace {

size_t index(int64_t i) { return static_cast<size_t>(i); }

// Elements of one index of `axis` lie in runs of `inner`.
int64_t inner_of(const Dims& dims, int axis) {
  int64_t n = 1;
  for (size_t d = index(axis) + 1; d < dims.size(); ++d) n *= dims[d];
  return n;
}

double rounded(float w, float scale, int highest) {
  const double q = std::nearbyint(static_cast<double>(w / scale));
  return std::clamp(q, static_cast<double>(-highest), static_cast<double>(highest));
}

// Which block an element is in, and how many there are along the axis.
struct Blocks {
  Blocks(const Dims& dims, int axis, int64_t group_size)
      : inner(inner_of(dims, axis)),
        size(dims[index(axis)]),
        group(group_size),
        along((size + group_size - 1) / group_size) {}
  size_t of(int64_t element) const {
    const int64_t at = element / inner % size, outer = element / inner / size;
    return index((outer * along + at / group) * inner + element % inner);
  }
  int64_t inner, size, group, along;
};

}  // namespace

int channel_axis(const graph::Node& n, const Tensor& w) {
  if (n.is("Conv")) return 0;
  if (n.is("ConvTranspose")) return 1;
  if (w.rank() != 2) return graph::none;
  return n.is("Gemm") && n.attributes.i("transB", 0) != 0 ? 0 : 1;
}

int summed_axis(const graph::Node& n) {
  return n.is("Gemm") && n.attributes.i("transB", 0) != 0 ? 1 : 0;
}

Tensor transposed(const Tensor& t) {
  const int64_t rows = t.dims()[0], columns = t.dims()[1];
  Tensor out(t.dtype(), {columns, rows});
  for (int64_t i = 0; i < t.count(); ++i) out.set(i % columns * rows + i / columns, t.at(i));
  return out;
}

int highest_of(DType type) { return (1 << (bits(type) - 1)) - 1; }

std::vector<float> largest_by_channel(const Tensor& weights, int axis) {
  const auto w = weights.as<float>();
  const int64_t inner = axis == graph::none ? 1 : inner_of(weights.dims(), axis);
  const int64_t n = axis == graph::none ? 1 : weights.dims()[index(axis)];
  std::vector<float> largest(index(n), 0.0f);
  for (int64_t i = 0; i < weights.count(); ++i) {
    float& most = largest[index(i / inner % n)];
    most = std::max(most, std::abs(w[index(i)]));
  }
  return largest;
}

Tensor to_integers(const Tensor& weights, int axis, std::span<const float> scales, DType type) {
  const auto w = weights.as<float>();
  const int64_t inner = axis == graph::none ? 1 : inner_of(weights.dims(), axis);
  const auto n = static_cast<int64_t>(scales.size());
  const int highest = highest_of(type);
  Tensor out(type, weights.dims());
  for (int64_t i = 0; i < weights.count(); ++i) {
    const float s = scales[n == 1 ? 0 : index(i / inner % n)];
    out.set(i, rounded(w[index(i)], s, highest));
  }
  return out;
}

Tensor group_scales(const Tensor& weights, int axis, int64_t group, DType type) {
  const Blocks blocks(weights.dims(), axis, group);
  Dims dims = weights.dims();
  dims[index(axis)] = blocks.along;
  Tensor scales(DType::f32, dims);
  std::vector<float> largest(index(scales.count()), 0.0f);
  const auto w = weights.as<float>();
  for (int64_t i = 0; i < weights.count(); ++i) {
    float& most = largest[blocks.of(i)];
    most = std::max(most, std::abs(w[index(i)]));
  }
  const std::vector<float> each = weight_scales(largest, highest_of(type));
  std::copy(each.begin(), each.end(), scales.as_mutable<float>().begin());
  return scales;
}

Tensor to_integers_by_group(const Tensor& weights, int axis, int64_t group, const Tensor& scales,
                            DType type) {
  const Blocks blocks(weights.dims(), axis, group);
  const auto w = weights.as<float>(), s = scales.as<float>();
  Tensor out(type, weights.dims());
  for (int64_t i = 0; i < weights.count(); ++i) {
    out.set(i, rounded(w[index(i)], s[blocks.of(i)], highest_of(type)));
  }
  return out;
}

}  // namespace hone::quant
