// What rounding does to each layer of the graph that is written, and what was tried against it.
#pragma once

#include <string>
#include <vector>

#include "host/quant/ladder.h"

namespace hone::quant {

struct LayerNote {
  std::string node, cause, tried;  // the last two only of what is below 20 dB
  double snr_db = 0;               // of its output against the float model's, on held-out samples
};

// Of c.made, by c.scheme: those of the ladder's best, or what a search over precisions put in their
// place. None where nothing is rounded.
Result<std::vector<LayerNote>> layer_notes(const Climbed& c, int threads);

}  // namespace hone::quant
