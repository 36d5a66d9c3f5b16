// Is a quantised model good enough? Decided on samples that no range was taken from, and without
// labels by agreement with the float model. compression.md 5.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/quant/samples.h"

namespace hone::quant {

// The metric of a graph on the caller's labelled data, in points; higher is better.
using Evaluate = std::function<Result<double>(const graph::Graph&)>;

struct Limits {
  double max_drop = 0.5;  // points
  Evaluate evaluate;      // empty: no labels
};

struct Quality {
  bool within = false;
  double used = 0;   // share of the limit, the worst output's; grows with the noise's amplitude
  double loss = 0;   // what candidates are ordered by; less is better
  std::string text;  // "1.34 % of top-1 expected to change (1 of 51 seen)"
  // Where they apply, else -1:
  double expected_flips = -1;  // share of samples whose top-1 changes, expected of the noise
  double snr_db = -1;          // of the worst output
  double drop = -1;            // points of the metric
};

// Without labels each output is judged by what it is.
// One vector of numbers per sample (a classifier's): the share of samples whose largest entry
// changes. Of 50 samples a single one is two points, so what is held against the limit is the share
// that the noise of the margins (first entry minus the next four) makes expected over the margins
// of all samples; what was seen to change only refuses where chance does not explain it (95 %). The
// limit is 3 max_drop percent: those that change are near-ties, and of these many change for the
// better (measured on ResNet-20: 1.3 % change, 0.2 points are lost).
// Anything else: SNR, at least 20 dB at max_drop 0.5, 6 dB less for each doubling of it.
class Judge {
 public:
  // Runs the float graph over `held_out` (and `margins`, for the margins only).
  static Result<Judge> make(const graph::Graph& float_graph, const Samples& held_out,
                            const Samples& margins, Limits limits, int threads);
  Result<Quality> judge(const graph::Graph& quantised) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace hone::quant
