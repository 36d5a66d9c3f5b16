// Is a quantised model good enough? Decided on samples that no range was taken from, by agreement
// with the float model, and by labels where there are any. compression.md 5.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/quant/samples.h"
#include "host/quant/scorer.h"

namespace hone::quant {

struct Limits {
  double max_drop = 0.5;        // points
  MakeScorer labels;            // empty: none
  std::vector<int64_t> places;  // of the samples held out, as `labels` counts them
};

struct Quality {
  bool within = false;
  double used = 0;   // share of the limit, the worst output's; grows with the noise's amplitude
  double loss = 0;   // what candidates are ordered by; less is better
  std::string text;  // "1.34 % of top-1 expected to change (1 of 51 seen)"
  // Where they apply, else -1:
  double expected_flips = -1;  // share of samples whose top-1 changes, expected of the noise
  double snr_db = -1;          // of the worst output
  std::optional<Drop> drop;    // of the metric, by labels
};

// Each output is judged by what it is.
// One vector of numbers per sample (a classifier's): the share of samples whose largest entry
// changes. Of 50 samples a single one is two points, so what is held against the limit is the share
// that the noise of the margins (first entry minus the next four) makes expected over the margins
// of all samples; what was seen to change only refuses where chance does not explain it (95 %). The
// limit is 3 max_drop percent: those that change are near-ties, and of these many change for the
// better (measured on ResNet-20: 1.3 % change, 0.2 points are lost).
// Anything else: SNR, at least 20 dB at max_drop 0.5, 6 dB less for each doubling of it.
// Labels refuse a candidate, too, where the metric falls by more than max_drop and chance does not
// explain it (95 %, paired). They accept none that agreement refuses: on a hundred samples a drop
// of a point is chance, and the noise of the outputs says more.
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
