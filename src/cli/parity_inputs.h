// What hone parity runs both sides on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/inputs.h"
#include "ship/parity/compare_sides.h"
#include "ship/project/calibration.h"

namespace hone::cli {

struct ParityInputOptions {
  InputOptions given;
  std::vector<std::string> shapes;
  int64_t seed = 0;
  std::optional<int64_t> samples;
  bool random = false;  // --random: not the data of hone.toml
};

struct ParityInputs {
  ship::ParitySamples samples;
  std::string text;     // "the inputs given", "random inputs of seed 0"
  bool random = false;  // some of them are
  // What the samples look into.
  std::optional<ship::Described> described;
};

// The first of: those of --input and --inputs; those saved beside golden outputs (`golden`: their
// folder, or empty); the data of the hone.toml beside `onnx` (empty: there is none); random ones.
// `io`: the leading side's inputs; `graph`: its graph, or null.
Result<ParityInputs> parity_inputs(const ParityInputOptions& options,
                                   const std::vector<ship::IoInfo>& io, const graph::Graph* graph,
                                   const std::string& onnx, const std::string& golden);

}  // namespace hone::cli
