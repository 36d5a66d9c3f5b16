// Slips of preprocessing, noticed before calibration: what the samples look like, and under which
// other preprocessing the model's layers and answers look more like those of a model at home.
#pragma once

#include <string>
#include <vector>

#include "host/quant/samples.h"

namespace hone::quant {

struct Slip {
  std::string input, cause;  // "mean and std missing"
  std::string text;          // one line: what the data look like, the evidence, what to do
};

// The likeliest first; empty where nothing stands out, and where nothing can be told: no input is a
// picture, fewer than 4 samples, too few convolutions (2; 8 where the first output is not classes).
// `g`: float, normalisations folded. Runs the model on 32 samples (8 of more than 20,000 elements)
// under each of about a dozen alternatives, and on 8 times as many with red and blue exchanged.
// Errors: of the samples and the model.
Result<std::vector<Slip>> find_slips(const graph::Graph& g, const Samples& samples,
                                     int threads = 0);

}  // namespace hone::quant
