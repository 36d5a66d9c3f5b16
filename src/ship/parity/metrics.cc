#include "ship/parity/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hone::ship {

namespace {

std::string place_of(int64_t element, const Dims& dims) {
  std::string text;
  for (size_t k = dims.size(); k-- > 0;) {
    text = fmt::format("{}{}{}", element % dims[k], text.empty() ? "" : ",", text);
    element /= dims[k];
  }
  return "[" + text + "]";
}

std::string not_finite(const Tensor& t) {
  int64_t nans = 0, infinities = 0, first = -1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    const double v = t.at(i);
    if (std::isfinite(v)) continue;
    ++(std::isnan(v) ? nans : infinities);
    if (first < 0) first = i;
  }
  if (first < 0) return "";
  std::string text = nans > 0 ? fmt::format("{} NaN", nans) : "";
  if (infinities > 0) {
    text += fmt::format("{}{} infinite", text.empty() ? "" : " and ", infinities);
  }
  return text + ", the first at " + place_of(first, t.dims());
}

size_t bin_of(double share) {
  if (share == 0) return 0;
  if (share > 1) return Metrics::bins - 1;
  return static_cast<size_t>(std::clamp(std::ceil(std::log10(share)), -8.0, 0.0) + 9);
}

nlohmann::json finite_or_null(double v) {
  return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json();
}

}  // namespace

ChannelScales::ChannelScales(const Tensor& t) {
  const Dims& dims = t.dims();
  if (dims.size() >= 3) {
    channels_ = std::max<int64_t>(dims[1], 1);
    for (size_t i = 2; i < dims.size(); ++i) inner_ *= std::max<int64_t>(dims[i], 1);
  }
  scales_.assign(static_cast<size_t>(channels_), 1e-6);
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    const double v = std::abs(t.at(i));
    double& s = scales_[static_cast<size_t>(i / inner_ % channels_)];
    if (std::isfinite(v)) s = std::max(s, v);
  }
}

double ChannelScales::of(int64_t element) const {
  return scales_[static_cast<size_t>(element / inner_ % channels_)];
}

void PairSums::add(double a, double b) {
  max_abs = std::max(max_abs, std::abs(a - b));
  dot += a * b, aa += a * a, bb += b * b;
}

double PairSums::cosine() const {
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : aa == bb ? 1 : 0;
}

void Metrics::add(const Tensor& a, const Tensor& b) {
  if (a.dtype() == DType::string || a.dims() != b.dims()) return;
  const ChannelScales scales(b);
  for (int64_t i = 0, n = b.count(); i < n; ++i) {
    const double x = a.at(i), y = b.at(i);
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    const double d = std::abs(x - y), s = scales.of(i);
    ++count_;
    ++histogram_[bin_of(d / s)];
    sums_.add(x, y);
    if (std::abs(y) >= 1e-3 * s) max_relative_ = std::max(max_relative_, d / std::abs(y));
    sum_abs_ += d, dd_ += d * d;
  }
  if (!is_float(b.dtype())) return;
  add_top1(a, b);
  if (text_a_.empty()) text_a_ = not_finite(a);
  if (text_b_.empty()) text_b_ = not_finite(b);
}

void Metrics::add_top1(const Tensor& a, const Tensor& b) {
  const Dims& dims = b.dims();
  if (dims.empty() || b.count() == 0) return;
  const size_t axis = dims.size() >= 4 ? 1 : dims.size() - 1;
  int64_t inner = 1;
  for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  const int64_t width = dims[axis];
  if (width < 2) return;
  const auto best = [&](const Tensor& t, int64_t begin) {
    int64_t at = 0;
    for (int64_t k = 1; k < width; ++k) {
      if (t.at(begin + k * inner) > t.at(begin + at * inner)) at = k;
    }
    return at;
  };
  for (int64_t row = 0, n = b.count() / width; row < n; ++row) {
    const int64_t begin = row / inner * width * inner + row % inner;
    ++rows_;
    same_rows_ += best(a, begin) == best(b, begin);
  }
}

double Metrics::mean_abs() const {
  return count_ == 0 ? 0 : sum_abs_ / static_cast<double>(count_);
}

double Metrics::snr_db() const {
  if (dd_ == 0) return std::numeric_limits<double>::infinity();
  return sums_.bb == 0 ? -std::numeric_limits<double>::infinity() : 10 * std::log10(sums_.bb / dd_);
}

std::optional<double> Metrics::top1() const {
  if (rows_ == 0) return {};
  return static_cast<double>(same_rows_) / static_cast<double>(rows_);
}

std::string Metrics::bin_name(size_t bin) {
  if (bin == 0) return "0";
  if (bin + 1 == bins) return "> 1";
  const int exponent = static_cast<int>(bin) - 9;
  return exponent == 0 ? "<= 1" : fmt::format("<= 1e{}", exponent);
}

nlohmann::json Metrics::to_json() const {
  const auto share = top1();
  const auto text = [](const std::string& s) {
    return s.empty() ? nlohmann::json() : nlohmann::json(s);
  };
  return {{"max_abs", max_abs()},
          {"mean_abs", mean_abs()},
          {"max_relative", max_relative_},
          {"cosine", cosine()},
          {"snr_db", finite_or_null(snr_db())},
          {"top1", share ? nlohmann::json(*share) : nlohmann::json()},
          {"histogram", histogram_},
          {"not_finite", text(text_a_)},
          {"not_finite_reference", text(text_b_)}};
}

}  // namespace hone::ship
