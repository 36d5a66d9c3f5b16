#include "ship/measure/coverage.h"

#include <algorithm>
#include <map>

#include "device/kernels/kernel.h"
#include "ship/measure/bench.h"

namespace hone::ship {

namespace {

Status failed(hone_context* c) { return internal(hone_context_error(c)); }

// Steps as the engine lists them, and their times of the last run added.
Status add_times(Session& s, std::vector<uint64_t>* sum) {
  HONE_RETURN_IF_ERROR(s.run());
  std::vector<uint64_t> ns(sum->size(), 0);
  hone_context* c = s.context().get();
  auto n = static_cast<int32_t>(ns.size());
  if (hone_context_step_times(c, ns.data(), n) != HONE_OK) return failed(c);
  for (size_t i = 0; i < ns.size(); ++i) (*sum)[i] += ns[i];
  return {};
}

void add_step(const StepTime& step, IsaMask machine, KernelShare* k) {
  const kernels::Kernel* kernel = kernels::find_kernel(step.kernel.c_str());
  k->kernel = step.kernel;
  k->isa = kernel == nullptr ? "custom" : name(kernel->isa);
  k->portable = kernel != nullptr && kernel->isa == Isa::portable && machine != mask(Isa::portable);
  k->steps += 1;
  k->us += step.us;
  bool known = std::find(k->ops.begin(), k->ops.end(), step.op) != k->ops.end();
  if (!known) k->ops.push_back(step.op);
}

}  // namespace

Result<std::vector<StepTime>> time_steps(Session& s, const std::vector<Dims>& shapes,
                                         int64_t runs) {
  HONE_RETURN_IF_ERROR(s.bind(shapes));
  for (size_t i = 0; i < s.inputs().size(); ++i) {
    HONE_RETURN_IF_ERROR(s.set_input(i, random_input(s.inputs()[i], shapes[i], i + 1)));
  }
  hone_context* c = s.context().get();
  if (hone_context_enable_timing(c, 1) != HONE_OK) return failed(c);
  std::vector<uint64_t> sum(static_cast<size_t>(s.engine().info().steps), 0), warm_up = sum;
  for (int i = 0; i < 2; ++i) HONE_RETURN_IF_ERROR(add_times(s, &warm_up));
  for (int64_t i = 0; i < runs; ++i) HONE_RETURN_IF_ERROR(add_times(s, &sum));
  hone_context_enable_timing(c, 0);
  std::vector<StepTime> steps;
  for (size_t i = 0; i < sum.size(); ++i) {
    auto info = sized<hone_step_info>();
    if (hone_context_step_info(c, static_cast<int32_t>(i), &info) != HONE_OK) return failed(c);
    double us = static_cast<double>(sum[i]) * 1e-3 / static_cast<double>(runs);
    steps.push_back({info.kernel, info.op, us});
  }
  return steps;
}

Coverage cover(const std::vector<StepTime>& steps, IsaMask machine) {
  Coverage c;
  c.machine_has_better = machine != mask(Isa::portable);
  std::map<std::string, KernelShare> by_kernel;
  for (const StepTime& step : steps) {
    if (step.kernel.empty()) continue;
    add_step(step, machine, &by_kernel[step.kernel]);
    c.us += step.us;
  }
  for (auto& [kernel, k] : by_kernel) {
    k.share = c.us > 0 ? k.us / c.us : 0;
    if (k.portable) c.portable_share += k.share;
    c.kernels.push_back(std::move(k));
  }
  std::stable_sort(c.kernels.begin(), c.kernels.end(),
                   [](const KernelShare& a, const KernelShare& b) { return a.us > b.us; });
  return c;
}

nlohmann::json to_json(const Coverage& c) {
  nlohmann::json list = nlohmann::json::array();
  for (const KernelShare& k : c.kernels) {
    list.push_back({{"kernel", k.kernel},
                    {"isa", k.isa},
                    {"portable", k.portable},
                    {"steps", k.steps},
                    {"us", k.us},
                    {"share", k.share},
                    {"ops", k.ops}});
  }
  return {{"schema", 1},
          {"us", c.us},
          {"portable_share", c.portable_share},
          {"machine_has_better", c.machine_has_better},
          {"kernels", std::move(list)}};
}

}  // namespace hone::ship
