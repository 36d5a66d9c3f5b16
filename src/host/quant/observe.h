// One pass of a float graph over samples, keeping statistics of chosen values.
#pragma once

#include <map>
#include <set>
#include <span>

#include "host/quant/samples.h"
#include "host/quant/tensor_stats.h"

namespace hone::quant {

struct ObserveOptions {
  int threads = 0;                    // 0: all of this machine; the result is the same for any
  std::set<graph::ValueId> channels;  // values whose statistics are wanted by channel (axis 1)
  bool means_only = false;            // nothing but the means by channel
  std::function<void(int64_t done, int64_t all)> progress;
};

using Statistics = std::map<graph::ValueId, TensorStats>;

// Runs Hone's kernels on a copy of g in which the values are outputs, so that no fusion swallows
// them; where a kernel is missing, the reference. Values: f32, of the root block. Memory does not
// depend on the number of samples. Errors: of the samples and the model; invalid_argument for a
// value that never had a finite element, naming it.
Result<Statistics> observe(const graph::Graph& g, std::span<const graph::ValueId> values,
                           const Samples& samples, const ObserveOptions& options = {});

}  // namespace hone::quant
