#include "host/quant/snr.h"

#include <algorithm>
#include <cmath>

#include "host/quant/run_graph.h"

namespace hone::quant {

using graph::Graph;
using graph::ValueId;

namespace {

Noise difference(const Tensor& want, const Tensor& got) {
  Noise n;
  if (want.dtype() == DType::f32 && got.dtype() == DType::f32) {
    const auto a = want.as<float>(), b = got.as<float>();
    for (size_t i = 0; i < a.size(); ++i) {
      const double e = double{b[i]} - a[i];
      n.signal += double{a[i]} * a[i];
      n.error += e * e;
    }
    return n;
  }
  for (int64_t i = 0; i < want.count(); ++i) {
    const double a = want.at(i), e = got.at(i) - a;
    n.signal += a * a;
    n.error += e * e;
  }
  return n;
}

}  // namespace

double Noise::snr_db() const {
  constexpr double most = 120;
  if (error == 0) return most;
  if (signal == 0) return -most;
  return std::clamp(10 * std::log10(signal / error), -most, most);
}

double Noise::relative() const {
  if (error == 0) return 0;
  return signal == 0 ? 1 : error / signal;
}

Result<std::map<std::string, Noise>> measure_noise(const Graph& reference, const Graph& quantised,
                                                   const std::vector<std::string>& names,
                                                   const Samples& samples, int threads) {
  if (samples.count <= 0) return invalid("no samples to compare on");
  std::vector<std::string> shared;
  std::vector<ValueId> a, b;
  for (const std::string& name : names) {
    const ValueId v = reference.find_value(name), w = quantised.find_value(name);
    if (v == graph::none || w == graph::none || reference.fact(v).dtype != quantised.fact(w).dtype)
      continue;
    shared.push_back(name);
    a.push_back(v);
    b.push_back(w);
  }
  if (shared.empty()) return std::map<std::string, Noise>();
  HONE_ASSIGN(const std::vector<Tensor> first, samples.get(0));
  HONE_ASSIGN(auto plan_a, GraphPlan::make(with_outputs(reference, a), first));
  HONE_ASSIGN(auto plan_b, GraphPlan::make(with_outputs(quantised, b), first));
  const int workers = thread_count(samples.count, threads);
  std::vector<GraphRun> runs_a, runs_b;
  for (int t = 0; t < workers; ++t) runs_a.emplace_back(plan_a), runs_b.emplace_back(plan_b);
  std::vector<std::vector<Noise>> by_sample(static_cast<size_t>(samples.count));
  HONE_RETURN_IF_ERROR(
      for_each_sample(samples.count, workers, [&](int thread, int64_t k) -> Status {
        const auto t = static_cast<size_t>(thread);
        HONE_ASSIGN(const std::vector<Tensor> inputs, samples.get(k));
        HONE_ASSIGN(const std::vector<Tensor> want, runs_a[t](inputs));
        HONE_ASSIGN(const std::vector<Tensor> got, runs_b[t](inputs));
        for (size_t i = 0; i < shared.size(); ++i) {
          by_sample[static_cast<size_t>(k)].push_back(difference(want[i], got[i]));
        }
        return {};
      }));
  std::map<std::string, Noise> out;
  for (const auto& row : by_sample) {
    for (size_t i = 0; i < shared.size(); ++i) {
      Noise& n = out[shared[i]];
      n.signal += row[i].signal;
      n.error += row[i].error;
    }
  }
  return out;
}

}  // namespace hone::quant
