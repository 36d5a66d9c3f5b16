// How tactics are timed, by the host that plans and on devices (hone-tune): a step's work, shared
// as `threads` would share it, with cold weights.
#pragma once

#include <span>

#include "device/kernels/kernel.h"

namespace hone::kernels {

struct TimingOptions {
  double budget_ms = 12;  // per kernel and step
  int min_runs = 5;
  int max_runs = 60;
  // A kernel that takes so many times the fastest's time, and as long as this, is run twice.
  double hopeless = 8;
  double hopeless_ms = 1;
};

// A bound step with its operands: args without phase, begin and end.
struct TimedStep {
  void (*run)(const RunArgs&);
  RunArgs args;
  int32_t phases;
  int64_t units[max_phases];
};

// Numbers that time_step() works in.
size_t timing_samples(const TimedStep& step, int threads, const TimingOptions& options);

// Nanoseconds of one run. Each thread's part of each phase is run on this thread and timed by
// itself, the slowest part of a phase counts: real threads would be timed with whatever else the
// machine is doing. Before each run `evicted` is read, which puts the weights out of the caches, as
// the layers before do in a model. Of each part's times the slowest quarter is pulled in to the
// third quartile before the mean (winsorised), which neither a lucky run nor an interrupt moves.
// `fastest_ns`: of the step's other kernels so far; 0: none was timed.
double time_step(const TimedStep& step, int threads, const TimingOptions& options,
                 double fastest_ns, std::span<const std::byte> evicted, std::span<double> samples);

// How much to evict, by the size of the second-level cache.
int64_t cold_bytes(int64_t l2_bytes);

// Small values of both signs: no denormals, no overflow, branches of activations all taken.
void fill_example(void* data, DType dtype, int64_t count);

}  // namespace hone::kernels
