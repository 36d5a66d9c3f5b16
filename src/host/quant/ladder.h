// The rescue ladder: cheap means first, and no further than needed.
#pragma once

#include <optional>

#include "host/quant/causes.h"
#include "host/quant/insert.h"
#include "host/quant/judge.h"
#include "host/quant/quantize.h"

namespace hone::quant {

struct Rung {
  std::string name;    // "range search: mse", "full bias correction"
  std::string result;  // "within", "beyond", "no better", or why it does not apply
  std::string figure;  // Quality's text
  bool kept = false;   // the one that the result is of
};

struct Climbed {
  Inserted made;       // graph, with what was rounded
  graph::Graph graph;  // float: equalised, biases corrected
  graph::Graph plain;  // the same before the correction
  Ranges ranges;       // of all values that may be rounded
  std::optional<Judge> judge;
  Scheme scheme;           // with what mixed precision left float
  std::string calibrator;  // "mse", or "per tensor"
  bool within = false;
  std::vector<Rung> rungs;  // in order, as far as was climbed
  std::vector<std::string> findings;
  int64_t samples = 0, held_out = 0;
  // What notes on layers are made of (layer_notes.h).
  Statistics seen;
  Samples judged_on;                         // held out, or all where none is
  std::map<std::string, std::string> alone;  // by layer: the figure where only it is float
};

// Ranges come from about four fifths of the samples; the others decide, by agreement with the float
// model and by their labels where options have any. Rungs:
//   1  range search (mse, percentile, min-max; the given calibrator alone) and fast bias correction
//   2  cross-layer equalisation and full bias correction
//   3  the best calibrator of each tensor, by the error of the layers that read it
//   4  mixed precision: the layers whose rounding costs most stay float; then ranges once more
// It stops at the first rung within the limit; `fast` ends behind rung 1, `max` wants half the
// limit. What no rung brings within is the best that was seen, and `within` says so.
Result<Climbed> climb(const graph::Graph& g, const Samples& samples, const Options& options);

}  // namespace hone::quant
