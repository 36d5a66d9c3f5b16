#include "host/quant/run_graph.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "device/platform/target_detect.h"
#include "host/ops/evaluate.h"
#include "host/passes/pass.h"
#include "host/plan/make_plan.h"

namespace hone::quant {

using graph::Graph;
using graph::ValueId;

namespace {

std::vector<Dims> shapes_of(const std::vector<Tensor>& tensors) {
  std::vector<Dims> shapes;
  for (const Tensor& t : tensors) shapes.push_back(t.dims());
  return shapes;
}

Result<plan::Plan> plan_graph(Graph g, const std::map<std::string, Dims>& shapes) {
  if (!shapes.empty()) HONE_RETURN_IF_ERROR(ops::bind_input_shapes(g, shapes));
  passes::Options options;
  options.engine = true;
  HONE_ASSIGN([[maybe_unused]] auto report, passes::run_passes(g, options));
  plan::PlanOptions plan_options;
  plan_options.target = platform::detect_target();
  return plan::make_plan(g, plan_options);
}

}  // namespace

Result<std::shared_ptr<GraphPlan>> GraphPlan::make(Graph g, const std::vector<Tensor>& like) {
  auto made = std::make_shared<GraphPlan>();
  made->fixed_shapes_ = shapes_of(like);
  std::map<std::string, Dims> shapes;
  for (size_t i = 0; i < like.size() && i < g.block().inputs.size(); ++i) {
    shapes[g.value(g.block().inputs[i]).name] = like[i].dims();
  }
  auto planned = plan_graph(g, shapes);
  made->graph_ = std::move(g);
  if (planned.ok()) {
    made->fixed_ = *std::move(planned);
  } else if (planned.code() == Code::unsupported) {
    made->why_reference_ = planned.status().text();
  } else {
    return planned.status();
  }
  return made;
}

Result<const plan::Plan*> GraphPlan::plan_for(const std::vector<Tensor>& inputs) {
  if (!why_reference_.empty()) return nullptr;
  if (shapes_of(inputs) == fixed_shapes_) return &*fixed_;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!general_) {
    HONE_ASSIGN(general_, plan_graph(graph_, {}));
  }
  return &*general_;
}

Result<std::vector<Tensor>> GraphRun::operator()(const std::vector<Tensor>& inputs) {
  HONE_ASSIGN(const plan::Plan* plan, plan_->plan_for(inputs));
  if (plan == nullptr) return ops::evaluate(plan_->graph(), inputs);
  auto runner = runners_.find(plan);
  if (runner == runners_.end()) runner = runners_.emplace(plan, exec::PlanRunner(*plan)).first;
  return runner->second.run(inputs);
}

Graph with_outputs(const Graph& g, const std::vector<ValueId>& values) {
  Graph out = g;
  out.output_names.clear();
  for (ValueId v : values) {
    out.output_names.push_back(out.fresh_name("observed." + g.value(v).name));
  }
  out.set_block_outputs(0, values);
  return out;
}

int thread_count(int64_t count, int threads) {
  if (threads <= 0) threads = static_cast<int>(platform::detect_target().cores);
  return static_cast<int>(std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1)));
}

Status for_each_sample(int64_t count, int threads,
                       const std::function<Status(int thread, int64_t k)>& f) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  int64_t failed = count;
  Status first;
  auto work = [&](int thread) {
    for (int64_t k = next++; k < count; k = next++) {
      Status s = f(thread, k);
      if (s.ok()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (k < failed) failed = k, first = std::move(s);
      next = count;  // those before k are under way
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < thread_count(count, threads); ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& t : others) t.join();
  return first;
}

}  // namespace hone::quant
