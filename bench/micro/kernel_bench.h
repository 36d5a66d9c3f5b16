// Benchmarks of one step with every kernel of its family: registered by name, reported in GFLOP/s.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "device/kernels/testing/kernel_test_util.h"

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

// Registers `family`'s kernels that take the step. `flops` counts a multiplication and an addition
// as two.
inline void register_kernels(const char* family, const std::string& shape, double flops,
                             TestStep (*make)(int index), int index) {
  for (const Kernel* k : all_kernels()) {
    if (std::strcmp(k->family, family) != 0 || !cpu_runs(k->isa)) continue;
    if (BoundStep(*k, make(index)).refused()) continue;
    auto run = [k, flops, make, index](benchmark::State& state) {
      BoundStep step(*k, make(index));
      for (auto _ : state) step.run();
      state.counters["GFLOP/s"] = benchmark::Counter(
          flops * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
    };
    benchmark::RegisterBenchmark((shape + "/" + k->name).c_str(), run);
  }
}

}  // namespace hone::kernels::testing
