#include "host/tasks/topk.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace hone::tasks {

int64_t rank_of(const Tensor& scores, int64_t label) {
  const double own = scores.at(label);
  int64_t before = 0;
  for (int64_t i = 0, n = scores.count(); i < n; ++i) {
    const double v = scores.at(i);
    const bool equal = v == own || (std::isnan(v) && std::isnan(own));
    before += v > own || (equal && i < label) || (std::isnan(own) && !std::isnan(v));
  }
  return before;
}

Status TopK::add(const Tensor& scores, int64_t label) {
  if (label < 0 || label >= scores.count()) {
    return invalid(fmt::format("sample {} has label {}, the model gives {} scores", hits_.size(),
                               label, scores.count()));
  }
  hits_.push_back(rank_of(scores, label) < k_);
  return {};
}

double TopK::value() const {
  if (hits_.empty()) return 0;
  const auto right = std::accumulate(hits_.begin(), hits_.end(), int64_t{0});
  return 100.0 * static_cast<double>(right) / static_cast<double>(hits_.size());
}

double TopK::value_of(std::span<const int32_t> samples) const {
  if (samples.empty()) return 0;
  int64_t right = 0;
  for (int32_t i : samples) right += hits_[static_cast<size_t>(i)];
  return 100.0 * static_cast<double>(right) / static_cast<double>(samples.size());
}

}  // namespace hone::tasks
