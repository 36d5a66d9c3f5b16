// Two sides on the same inputs: do their outputs agree, and could the inputs have shown it?
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ship/parity/metrics.h"
#include "ship/parity/outputs.h"
#include "ship/parity/side.h"

namespace hone::ship {

struct ParitySamples {
  int64_t count = 1;
  // The inputs of sample k, in the order of the leading side's.
  std::function<Result<std::vector<Tensor>>(int64_t k)> get;
  // Inputs of the same sizes that differ from sample 0's; empty: there are none.
  std::function<Result<std::vector<Tensor>>()> other;
  bool to_first_difference = false;  // what comes behind it is not run
};

// Outputs in A's order. Errors: those of running what the judge runs.
using ParityJudge = std::function<Result<OutputParity>(const std::vector<Tensor>& inputs,
                                                       const std::vector<Tensor>& want,
                                                       const std::vector<Tensor>& got)>;

struct OutputSummary {
  std::string name;
  bool agree = true;
  Comparison worst;    // of the sample that is worst
  int64_t sample = 0;  // which that is
  Metrics metrics;     // of all samples
};

struct ParityReport {
  bool agree = true;
  // Whether the test could have shown a difference: inputs are not of one value throughout, and two
  // different ones gave different outputs. Where not, agreement says nothing, and `blind` says why.
  bool sees = true;
  std::string blind;
  double worst = 0;  // the largest of OutputParity::worst
  std::vector<OutputSummary> outputs;
  std::string where;  // the first sample that differs parts from A here; "" where nobody knows
  int64_t samples = 0;
};

// B against A, whose outputs are right. Inputs are led by A, by B where A is saved outputs; the
// other side's are found by name, or by place where the names differ, and so are outputs. Floats of
// another width are converted: B's inputs to what it takes, its outputs to what A gives.
// `tolerance` is what the outputs of two inputs must be apart by, as a share of the channel's
// largest value, to count as different.
// Errors: shape_mismatch where the sides' inputs or outputs cannot be paired; those of the sides.
Result<ParityReport> compare_sides(Side& a, Side& b, const ParitySamples& samples, double tolerance,
                                   const ParityJudge& judge,
                                   const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace hone::ship
