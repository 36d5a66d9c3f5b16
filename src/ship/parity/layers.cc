#include "ship/parity/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

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

// One number for each channel, as behind a global pool, judged as the vector that its Flatten is: a
// mean that happens to be near 0 has no magnitude to measure its rounding by. Its terms were as
// large as those of the other means, and its error is as large as theirs, a part in 10^7 of them;
// who multiplies the layer by 1.01 is seen in its largest channels.
bool is_vector(const Dims& dims) {
  return dims.size() >= 3 &&
         std::all_of(dims.begin() + 2, dims.end(), [](auto d) { return d == 1; });
}

Tensor as_judged(const Tensor& t) {
  return is_vector(t.dims()) ? t.reshaped({t.dims()[0], t.dims()[1]}) : t;
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
    c = compare_value(graph, v, as_judged(reading), as_judged(want), tolerance);
    if (c.agree) break;
  }
  return c;
}

}  // namespace

std::string Divergence::text() const {
  return fmt::format("'{}', step {} {} ({}): {}", value, step, layer, kernel, found.text);
}

namespace {

// Values on the way to one of the same name: what a step makes of several that one node became.
std::set<plan::PlanValue> intermediates(const plan::Plan& plan) {
  auto name = [&](plan::PlanValue v) { return plan.values[static_cast<size_t>(v)].name; };
  std::set<plan::PlanValue> found;
  for (const plan::Step& s : plan.steps) {
    for (plan::PlanValue in : s.in) {
      for (plan::PlanValue out : s.out) {
        if (in != plan::absent && out != plan::absent && name(in) == name(out)) found.insert(in);
      }
    }
  }
  return found;
}

}  // namespace

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
  const std::set<plan::PlanValue> on_the_way = intermediates(plan);
  auto ran = exec::run_plan(plan, inputs, [&](size_t step, plan::PlanValue v, const Tensor& got) {
    const std::string& name = plan.values[static_cast<size_t>(v)].name;
    auto it = want.find(name);
    if (it == want.end() || report.first || on_the_way.contains(v)) return;
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
