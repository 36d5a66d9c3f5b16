#include "ship/parity/layers.h"

#include <fmt/format.h>

#include <map>

#include "host/exec/run_plan.h"
#include "host/graph/layout.h"
#include "host/ops/evaluate.h"

namespace hone::ship {

namespace {

// A channels-last tensor in ONNX's order.
Tensor from_channels_last(const Tensor& physical) {
  const auto rank = static_cast<size_t>(physical.rank());
  const auto order = graph::physical_order(physical.rank(), graph::Layout::channels_last);
  Dims dims(rank);
  for (size_t i = 0; i < rank; ++i) dims[static_cast<size_t>(order[i])] = physical.dims()[i];
  std::vector<int64_t> strides(rank, 1), index(rank, 0);
  for (size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  Tensor out(physical.dtype(), dims);
  for (int64_t k = 0, n = physical.count(); k < n; ++k) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * strides[static_cast<size_t>(order[i])];
    out.set(at, physical.at(k));
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < physical.dims()[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

// A plan tells the order of its values only by their dimensions. Where these fit both orders
// (height, width and channels alike), the one that agrees is the one it is.
Comparison compare_physical(const graph::Graph& graph, graph::ValueId v, const Tensor& got,
                            const Tensor& want, double tolerance) {
  std::vector<Tensor> readings;
  if (got.dims() == want.dims()) readings.push_back(got);
  if (got.rank() == want.rank() && got.rank() >= 3) {
    Tensor turned = from_channels_last(got);
    if (turned.dims() == want.dims()) readings.push_back(std::move(turned));
  }
  if (readings.empty()) readings.push_back(got.reshaped(want.dims()));
  Comparison c;
  for (const Tensor& reading : readings) {
    c = compare_value(graph, v, reading, want, tolerance);
    if (c.agree) break;
  }
  return c;
}

}  // namespace

std::string Divergence::text() const {
  return fmt::format("'{}', step {} {} ({}): {}", value, step, layer, kernel, found.text);
}

Result<LayerReport> compare_layers(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs, double tolerance) {
  struct Wanted {
    graph::ValueId value;
    Tensor tensor;
  };
  std::map<std::string, Wanted> want;
  auto reference = ops::evaluate(graph, inputs, [&](graph::ValueId v, const Tensor& t) {
    want[graph.value(v).name] = {v, t};
  });
  if (!reference.ok()) return reference.status();
  LayerReport report;
  auto ran = exec::run_plan(plan, inputs, [&](size_t step, plan::PlanValue v, const Tensor& got) {
    const std::string& name = plan.values[static_cast<size_t>(v)].name;
    auto it = want.find(name);
    if (it == want.end() || report.first) return;
    const auto& [value, tensor] = it->second;
    if (tensor.count() != got.count() || tensor.dtype() != got.dtype()) return;
    ++report.compared;
    Comparison c = compare_physical(graph, value, got, tensor, tolerance);
    if (c.agree) return;
    const plan::Step& at = plan.steps[step];
    report.first =
        Divergence{name, step, at.layer, at.kernel != nullptr ? at.kernel->name : "", std::move(c)};
  });
  if (!ran.ok()) return ran.status();
  return report;
}

}  // namespace hone::ship
