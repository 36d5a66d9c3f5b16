#include "ship/parity/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/parity/metrics.h"

namespace hone::ship {

namespace {

Comparison compare_exact(const Tensor& a, const Tensor& b) {
  Comparison c;
  c.same_type = true;
  int64_t n = a.count(), equal = 0;
  for (int64_t i = 0; i < n; ++i) {
    bool same = a.dtype() == DType::string ? a.as_strings()[static_cast<size_t>(i)] ==
                                                 b.as_strings()[static_cast<size_t>(i)]
                                           : a.int_at(i) == b.int_at(i);
    equal += same;
    if (!same && c.worst_at < 0) c.worst_at = i;
  }
  c.agree = n == 0 || static_cast<double>(equal) > 0.999 * static_cast<double>(n);
  c.worst = n == 0 ? 0 : 1 - static_cast<double>(equal) / static_cast<double>(n);
  c.text = fmt::format("{} of {} elements equal", equal, n);
  return c;
}

}  // namespace

Tensor in_type(const Tensor& t, DType type) {
  if (t.dtype() == type || !is_float(t.dtype()) || !is_float(type)) return t;
  Tensor made(type, t.dims());
  for (int64_t i = 0, n = t.count(); i < n; ++i) made.set(i, t.at(i));
  return made;
}

Comparison compare(const Tensor& a, const Tensor& b, double tolerance) {
  Comparison c;
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) {
    c.text = fmt::format("{}{} against {}{}", name(a.dtype()), to_string(a.dims()), name(b.dtype()),
                         to_string(b.dims()));
    return c;
  }
  if (!is_float(a.dtype())) return compare_exact(a, b);
  c.same_type = true;
  const ChannelScales scales(b);
  const int64_t n = b.count();
  PairSums sums;
  for (int64_t i = 0; i < n; ++i) {
    double x = a.at(i), y = b.at(i);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      bool same = (std::isnan(x) && std::isnan(y)) || x == y;
      c.not_finite += !same;
      if (!same && c.worst_at < 0) c.worst_at = i;
      continue;
    }
    sums.add(x, y);
    const double r = std::abs(x - y) / scales.of(i);
    if (r > c.worst) c.worst = r, c.worst_at = i;
  }
  c.max_abs = sums.max_abs;
  c.cosine = sums.cosine();
  c.agree = c.worst <= tolerance && c.not_finite == 0;
  c.text = fmt::format(
      "worst {:.2e} of its channel's largest value (limit {:.0e}), max abs {:.2e}, "
      "cosine {:.7f}",
      c.worst, tolerance, c.max_abs, c.cosine);
  if (c.not_finite > 0) c.text += fmt::format(", {} not finite on one side only", c.not_finite);
  return c;
}

std::optional<double> rounded_from_floats(const graph::Graph& graph, graph::ValueId v) {
  const graph::Node* n = graph.producer_of(v);
  while (n != nullptr && (n->is("Reshape") || n->is("Transpose") || n->is("Flatten") ||
                          n->is("Squeeze") || n->is("Unsqueeze") || n->is("Identity"))) {
    n = graph.producer_of(n->input(0));
  }
  if (n == nullptr || !is_integer(graph.fact(v).dtype)) return {};
  if (n->is("DynamicQuantizeLinear")) return 0;
  if (!n->is("QuantizeLinear")) return {};
  if (n->input(2) == graph::none) return 0;
  const Tensor* zero = graph.constant(n->input(2));
  if (zero == nullptr || zero->count() == 0) return {};
  double lowest = zero->at(0);
  for (int64_t i = 1; i < zero->count(); ++i) lowest = std::min(lowest, zero->at(i));
  return lowest;
}

Comparison compare_rounded(const Tensor& a, const Tensor& b, double tolerance, double zero) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return compare(a, b, tolerance);
  Comparison c;
  c.same_type = true;
  const int64_t n = b.count();
  double largest = 0;
  int64_t unequal = 0;
  for (int64_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::abs(b.at(i) - zero));
    const double d = std::abs(a.at(i) - b.at(i));
    unequal += d != 0;
    if (d > c.max_abs) c.max_abs = d, c.worst_at = i;
  }
  const double apart = tolerance * largest;
  const double quanta = std::ceil(apart);
  const double elements =
      std::min(std::ceil(apart * static_cast<double>(n)), static_cast<double>(n));
  c.worst = c.max_abs / std::max(largest, 1.0);
  c.agree = c.max_abs <= quanta && static_cast<double>(unequal) <= elements;
  c.text = fmt::format("{} of {} elements equal (limit: {} others), max abs {} quanta (limit {})",
                       n - unequal, n, elements, c.max_abs, quanta);
  return c;
}

Comparison compare_rounding(const Tensor& a, const Tensor& b, const Tensor& x, double scale,
                            double zero, double tolerance) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return compare(a, b, tolerance);
  Comparison c;
  c.same_type = true;
  const int64_t n = b.count();
  double largest = 1, beyond = 0;  // steps
  int64_t unequal = 0;
  for (int64_t i = 0; i < n; ++i) {
    double at = x.at(i) / scale + zero;
    if (!(std::abs(at - b.at(i)) <= 0.51)) at = b.at(i);  // saturated
    largest = std::max(largest, std::abs(at - zero));
    if (a.at(i) == b.at(i)) continue;
    ++unequal;
    const double d = std::abs(a.at(i) - at) - 0.5;
    if (c.worst_at < 0 || d > beyond) beyond = std::max(d, 0.0), c.worst_at = i;
    c.max_abs = std::max(c.max_abs, std::abs(a.at(i) - b.at(i)));
  }
  c.worst = beyond / largest;
  c.agree = c.worst <= tolerance;
  c.text =
      fmt::format("{} of {} elements equal, max abs {}, {:.1e} steps beyond a tie (limit {:.1e})",
                  n - unequal, n, c.max_abs, beyond, tolerance * largest);
  return c;
}

Comparison compare_value(const graph::Graph& graph, graph::ValueId v, const Tensor& a,
                         const Tensor& b, double tolerance) {
  const auto zero = rounded_from_floats(graph, v);
  return zero ? compare_rounded(a, b, tolerance, *zero) : compare(a, b, tolerance);
}

}  // namespace hone::ship
