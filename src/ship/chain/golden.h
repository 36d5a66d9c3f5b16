// Golden pairs: inputs with the outputs that the training framework gave for them.
#pragma once

#include <string>
#include <vector>

#include "host/model/tensor.h"

namespace hone::ship {

struct GoldenPair {
  std::vector<Tensor> in, out;
};

// One pair for each folder below `folder`, by name: the first `inputs` of input_0.npy ... and the
// first `outputs` of output_0.npy ... Errors: not_found where there is no pair or no such file;
// those of read_npy.
Result<std::vector<GoldenPair>> golden_pairs(const std::string& folder, size_t inputs,
                                             size_t outputs);

}  // namespace hone::ship
