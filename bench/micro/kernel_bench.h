// Benchmarks of one step with every kernel of its family, one thread, warm caches.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "device/kernels/testing/kernel_test_util.h"
#include "device/platform/cpu.h"

namespace hone::kernels::testing {

// A step packed and bound for one kernel, with the memory it needs.
class BoundStep {
 public:
  BoundStep(const Kernel& k, const TestStep& s) : kernel_(k), step_(s) {
    prepared_ = internal::prepare(k, s);
    refused_ = k.bind(Step{prepared_.in_ops, prepared_.out_ops, s.attrs, s.dims}, params_, &work_);
    if (refused_) return;
    scratch_ = std::make_unique<GuardedMemory>(work_.scratch_bytes, 64);
    workspace_ = std::make_unique<GuardedMemory>(work_.workspace_bytes, 64);
    for (const Tensor& t : prepared_.in) in_.push_back(t.data<void>());
    for (const Tensor& t : step_.out) out_.push_back(t.data<void>());
  }
  const char* refused() const { return refused_; }
  void run() const {
    for (int phase = 0; phase < work_.phases; ++phase) {
      kernel_.run(RunArgs{params_, in_.data(), out_.data(), scratch_->data(), workspace_->data(),
                          phase, 0, work_.units[phase]});
    }
  }

 private:
  const Kernel& kernel_;
  TestStep step_;
  internal::Prepared prepared_;
  alignas(16) uint8_t params_[max_params_bytes] = {};
  Work work_;
  const char* refused_ = nullptr;
  std::unique_ptr<GuardedMemory> scratch_, workspace_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
};

// What a step costs at least: operations (a multiplication and an addition are two), or bytes that
// must move where that is all it does.
struct Cost {
  double flops = 0, bytes = 0;
};

// What this CPU runs, cut down to HONE_FORCE_ISA.
inline bool runs_here(const Kernel& k) {
  auto isa = platform::usable_isa();
  return isa.ok() && has(*isa, k.isa);
}

// Kernels that have a benchmark.
inline std::set<const Kernel*>& benchmarked() {
  static std::set<const Kernel*> kernels;
  return kernels;
}

// Registers `family`'s kernels that take the step, as family/shape/kernel.
inline void register_step(const char* family, const std::string& shape, Cost cost,
                          std::function<TestStep()> make) {
  for (const Kernel* k : all_kernels()) {
    if (std::strcmp(k->family, family) != 0 || !runs_here(*k)) continue;
    if (BoundStep(*k, make()).refused()) continue;
    benchmarked().insert(k);
    auto run = [k, cost, make](benchmark::State& state) {
      BoundStep step(*k, make());
      for (auto _ : state) step.run();
      const bool flops = cost.flops > 0;
      state.counters[flops ? "GFLOP/s" : "GB/s"] = benchmark::Counter(
          (flops ? cost.flops : cost.bytes) * static_cast<double>(state.iterations()) / 1e9,
          benchmark::Counter::kIsRate);
    };
    const std::string name = std::string(family) + "/" + shape + "/" + k->name;
    benchmark::RegisterBenchmark(name.c_str(), run);
  }
}

// One function for each family of families.inc: a family without a benchmark does not link.
#define HONE_FAMILY(name, summary) void register_##name();
#include "device/kernels/families.inc"
#undef HONE_FAMILY

}  // namespace hone::kernels::testing
