#include "ship/parity/outputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/ops/evaluate.h"

namespace hone::ship {

namespace {

void compare_all(const graph::Graph* graph, const std::vector<Tensor>& got,
                 const std::vector<Tensor>& want, double tolerance, OutputParity* p) {
  p->agree = true;
  p->outputs.clear();
  p->worst = 0;
  for (size_t k = 0; k < got.size(); ++k) {
    p->outputs.push_back(graph == nullptr ? compare(got[k], want[k], tolerance)
                                          : compare_value(*graph, graph->block().outputs[k], got[k],
                                                          want[k], tolerance));
    p->worst = std::max(p->worst, p->outputs.back().worst);
    p->agree = p->agree && p->outputs.back().agree;
  }
}

}  // namespace

Result<OutputParity> compare_outputs(const graph::Graph& graph, const std::vector<Tensor>& inputs,
                                     const std::vector<Tensor>& got, double tolerance,
                                     const GivePlan& plan) {
  HONE_ASSIGN(const std::vector<Tensor> want, ops::evaluate(graph, inputs));
  return compare_outputs(graph, inputs, want, got, tolerance, plan);
}

Result<OutputParity> compare_outputs(const graph::Graph& graph, const std::vector<Tensor>& inputs,
                                     const std::vector<Tensor>& want,
                                     const std::vector<Tensor>& got, double tolerance,
                                     const GivePlan& plan) {
  if (got.size() != want.size()) {
    return Status(Code::differs, fmt::format("the reference has {} outputs, the other side {}",
                                             want.size(), got.size()));
  }
  OutputParity found;
  compare_all(&graph, got, want, tolerance, &found);
  if (found.agree) return found;
  auto made = plan();
  auto layers = made.ok() ? compare_layers(graph, **made, inputs, tolerance)
                          : Result<LayerReport>(made.status());
  if (!layers.ok()) {
    found.where = "its layers cannot be compared: " + layers.status().text();
    return found;
  }
  if (layers->first) {
    found.where = "first at " + layers->first->text();
    return found;
  }
  found.where =
      fmt::format("no layer of its plan does, of {} values: a damaged engine?", layers->compared);
  if (layers->rounded == 0) return found;
  OutputParity followed;
  compare_all(&graph, got, layers->outputs, tolerance, &followed);
  if (!followed.agree) return found;
  followed.worst = std::max(followed.worst, layers->worst);
  for (Comparison& c : followed.outputs) {
    c.text = fmt::format("behind {} tensors of integers, {:.1e} beyond a tie at most: {}",
                         layers->rounded, layers->worst, c.text);
  }
  return followed;
}

Result<OutputParity> compare_plainly(const graph::Graph* graph, const std::vector<Tensor>& want,
                                     const std::vector<Tensor>& got, double tolerance) {
  const bool fits = graph != nullptr && graph->block().outputs.size() == want.size();
  OutputParity found;
  compare_all(fits ? graph : nullptr, got, want, tolerance, &found);
  return found;
}

}  // namespace hone::ship
