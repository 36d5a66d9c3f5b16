// Running a graph over samples as fast as Hone's kernels do: what calibration and the choice
// between candidates are made of.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "host/exec/run_plan.h"
#include "host/quant/samples.h"

namespace hone::quant {

// A graph's plan for this machine, shared by threads; each runs it through a GraphRun of its own.
class GraphPlan {
 public:
  // `like`: inputs whose shapes are those of most calls; others cost a second plan. A graph that
  // has no plan (an operator without kernel) is run by the reference instead. Errors: of the
  // passes; memory.
  static Result<std::shared_ptr<GraphPlan>> make(graph::Graph g, const std::vector<Tensor>& like);

  const graph::Graph& graph() const { return graph_; }
  // Why the reference runs it; empty: kernels do.
  const std::string& why_reference() const { return why_reference_; }

 private:
  friend class GraphRun;
  // The plan for these inputs; null: the reference.
  Result<const plan::Plan*> plan_for(const std::vector<Tensor>& inputs);

  graph::Graph graph_;
  std::vector<Dims> fixed_shapes_;
  std::optional<plan::Plan> fixed_;
  std::mutex mutex_;  // of general_
  std::optional<plan::Plan> general_;
  std::string why_reference_;
};

class GraphRun {
 public:
  explicit GraphRun(std::shared_ptr<GraphPlan> plan) : plan_(std::move(plan)) {}
  // Outputs in graph order.
  Result<std::vector<Tensor>> operator()(const std::vector<Tensor>& inputs);

 private:
  std::shared_ptr<GraphPlan> plan_;
  std::map<const plan::Plan*, exec::PlanRunner> runners_;
};

// The part of the graph that computes these values, as its outputs in this order. Values that are
// outputs or inputs already are taken as well.
graph::Graph with_outputs(const graph::Graph& g, const std::vector<graph::ValueId>& values);

// f(thread, k) for every k in [0, count), on `threads` threads (0: this machine's cores). The order
// is open; the error of the smallest k is returned.
Status for_each_sample(int64_t count, int threads,
                       const std::function<Status(int thread, int64_t k)>& f);
int thread_count(int64_t count, int threads);

}  // namespace hone::quant
