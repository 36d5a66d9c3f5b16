// How far two tensors are apart, in the measures that people ask for; compare.h judges.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/model/tensor.h"

namespace hone::ship {

// Largest finite magnitude of each channel (axis 1 for rank >= 3, else all elements are one
// channel), at least 1e-6: what a difference is measured by.
class ChannelScales {
 public:
  explicit ChannelScales(const Tensor& t);
  double of(int64_t element) const;

 private:
  int64_t channels_ = 1, inner_ = 1;
  std::vector<double> scales_;
};

// Of pairs of finite numbers, the second the reference's.
struct PairSums {
  double max_abs = 0, dot = 0, aa = 0, bb = 0;

  void add(double a, double b);
  double cosine() const;  // 1 where both sides are 0 throughout
};

// Sums over any number of pairs of equal type and dims; the second is the reference.
class Metrics {
 public:
  void add(const Tensor& a, const Tensor& b);

  // Of the elements where both sides are finite; 0 of none.
  double max_abs() const { return sums_.max_abs; }
  double mean_abs() const;
  // Largest |a - b| / |b| where |b| is at least a thousandth of its channel's scale.
  double max_relative() const { return max_relative_; }
  double cosine() const { return sums_.cosine(); }
  // 10 log10(sum b^2 / sum (a - b)^2); infinite where nothing differs.
  double snr_db() const;
  // Share of the rows whose largest element is at the same place. Rows lie along the last axis, of
  // rank 4 and more along axis 1; nullopt where they have fewer than 2 elements, of integers too.
  std::optional<double> top1() const;

  // Elements by |a - b| / their channel's scale: equal ones, up to 1e-8, up to 1e-7, ... up to 1,
  // more.
  static constexpr size_t bins = 11;
  const std::array<int64_t, bins>& histogram() const { return histogram_; }
  static std::string bin_name(size_t bin);  // "0", "<= 1e-08", "> 1"

  // What is not finite: "3 NaN, first at [0,5,2]"; "" where all is.
  const std::string& not_finite_a() const { return text_a_; }
  const std::string& not_finite_b() const { return text_b_; }

  // {"max_abs", "mean_abs", "max_relative", "cosine", "snr_db", "top1", "histogram", ...}; what
  // there is none of is null.
  nlohmann::json to_json() const;

 private:
  void add_top1(const Tensor& a, const Tensor& b);

  int64_t count_ = 0, rows_ = 0, same_rows_ = 0;
  PairSums sums_;
  double max_relative_ = 0, sum_abs_ = 0, dd_ = 0;
  std::array<int64_t, bins> histogram_{};
  std::string text_a_, text_b_;
};

}  // namespace hone::ship
