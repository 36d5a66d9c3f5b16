#include "host/quant/observe.h"

#include <fmt/format.h>

#include <mutex>

#include "host/quant/run_graph.h"

namespace hone::quant {

using graph::Graph;
using graph::ValueId;

namespace {

// A value's elements as floats; f32 values are not copied.
class Floats {
 public:
  explicit Floats(const Tensor& t) {
    if (t.dtype() == DType::f32) {
      values_ = t.as<float>();
      return;
    }
    own_.resize(static_cast<size_t>(t.count()));
    for (size_t i = 0; i < own_.size(); ++i) {
      own_[i] = static_cast<float>(t.at(static_cast<int64_t>(i)));
    }
    values_ = own_;
  }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  std::span<const float> values() const { return values_; }

 private:
  std::vector<float> own_;
  std::span<const float> values_;
};

// The axis that channels lie along: 1 of what a convolution makes, the last of what a matrix
// product makes.
int channel_axis(const Tensor& t) {
  if (t.rank() >= 3) return 1;
  return t.rank() - 1;
}

Status check_values(const Graph& g, const Statistics& stats) {
  for (const auto& [v, s] : stats) {
    if (!s.empty() || s.non_finite == 0) continue;
    return invalid(
        fmt::format("value '{}' is not finite in any calibration sample ({} NaN or infinite); are "
                    "the samples what the model is trained on?",
                    g.value(v).name, s.non_finite));
  }
  return {};
}

}  // namespace

Result<Statistics> observe(const Graph& g, std::span<const ValueId> values, const Samples& samples,
                           const ObserveOptions& options) {
  if (samples.count <= 0) return invalid("no calibration samples");
  HONE_ASSIGN(const std::vector<Tensor> first, samples.get(0));
  HONE_ASSIGN(auto plan, GraphPlan::make(with_outputs(g, {values.begin(), values.end()}), first));
  const auto threads = static_cast<size_t>(thread_count(samples.count, options.threads));
  std::vector<Statistics> parts(threads);
  std::vector<GraphRun> runs;
  for (size_t t = 0; t < threads; ++t) runs.emplace_back(plan);
  int64_t done = 0;
  std::mutex mutex;
  HONE_RETURN_IF_ERROR(for_each_sample(
      samples.count, static_cast<int>(threads), [&](int thread, int64_t k) -> Status {
        const auto t = static_cast<size_t>(thread);
        HONE_ASSIGN(const std::vector<Tensor> inputs, samples.get(k));
        auto outputs = runs[t](inputs);
        if (!outputs.ok()) return in(fmt::format("calibration sample {}", k), outputs.status());
        for (size_t i = 0; i < values.size(); ++i) {
          const Tensor& value = (*outputs)[i];
          const int axis = options.channels.contains(values[i]) ? channel_axis(value) : -1;
          TensorStats& stats = parts[t][values[i]];
          if (options.means_only) {
            stats.add_channels(Floats(value).values(), value.dims(), axis);
          } else {
            stats.add(Floats(value).values(), value.dims(), axis);
          }
        }
        if (!options.progress) return {};
        const std::lock_guard<std::mutex> lock(mutex);
        options.progress(++done, samples.count);
        return {};
      }));
  Statistics all = std::move(parts[0]);
  for (size_t t = 1; t < threads; ++t) {
    for (const auto& [v, s] : parts[t]) all[v].merge(s);
  }
  HONE_RETURN_IF_ERROR(check_values(g, all));
  return all;
}

}  // namespace hone::quant
