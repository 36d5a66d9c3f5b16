#include "host/passes/affine.h"

#include <cmath>

namespace hone::passes {

namespace {

// A constant that broadcasts over a value of `rank` as one number per channel (or one in all).
std::optional<std::vector<double>> per_channel(const Tensor& t, int rank, int axis,
                                               int64_t channels) {
  if (t.rank() > rank || !is_float(t.dtype())) return std::nullopt;
  int64_t channel_axis = axis - (rank - t.rank());  // in t; negative where t has no such axis
  for (int64_t i = 0; i < t.rank(); ++i) {
    int64_t d = t.dims()[static_cast<size_t>(i)];
    if (d != 1 && !(i == channel_axis && d == channels)) return std::nullopt;
  }
  std::vector<double> v;
  for (int64_t c = 0; c < channels; ++c) v.push_back(t.at(t.count() == 1 ? 0 : c));
  return v;
}

}  // namespace

std::optional<Affine> affine_of(const Graph& g, const Node& n, int axis, int64_t channels) {
  const bool mul = n.is("Mul"), div = n.is("Div"), add = n.is("Add"), sub = n.is("Sub");
  auto operands = mul || div || add || sub ? with_constant(g, n) : std::nullopt;
  if (!operands || !same_shape(g, operands->value, n.output(0))) return std::nullopt;
  const bool value_first = operands->value == n.input(0);
  if (div && !value_first) return std::nullopt;
  auto v = per_channel(*operands->constant, g.fact(operands->value).rank(), axis, channels);
  if (!v) return std::nullopt;
  Affine a{std::vector<double>(v->size(), 1), std::vector<double>(v->size(), 0)};
  for (size_t c = 0; c < v->size(); ++c) {
    const double k = (*v)[c];
    if (mul) a.scale[c] = k;
    if (div) a.scale[c] = 1 / k;
    if (add) a.shift[c] = k;
    if (sub) a.shift[c] = value_first ? -k : k;
    if (sub && !value_first) a.scale[c] = -1;
    if (!std::isfinite(a.scale[c])) return std::nullopt;
  }
  return a;
}

std::optional<Affine> batch_norm_of(const Graph& g, const Node& n, int64_t channels) {
  if (!n.is("BatchNormalization") || n.attributes.i("training_mode", 0) != 0) return std::nullopt;
  const Tensor* t[4];
  for (size_t i = 0; i < 4; ++i) {
    t[i] = g.constant(n.input(i + 1));
    if (t[i] == nullptr || t[i]->count() != channels) return std::nullopt;
  }
  for (size_t i = 1; i < n.outputs.size(); ++i) {
    if (n.outputs[i] != graph::none) return std::nullopt;
  }
  double eps = static_cast<double>(n.attributes.f("epsilon", 1e-5f));
  Affine a;
  for (int64_t c = 0; c < channels; ++c) {
    a.scale.push_back(t[0]->at(c) / std::sqrt(t[3]->at(c) + eps));
    a.shift.push_back(t[1]->at(c) - t[2]->at(c) * a.scale.back());
  }
  return a;
}

bool all_finite(const Tensor& t) {
  for (int64_t i = 0; i < t.count(); ++i) {
    if (!std::isfinite(t.at(i))) return false;
  }
  return true;
}

}  // namespace hone::passes
