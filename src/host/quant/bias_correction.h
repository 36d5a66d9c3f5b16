// Rounded weights and clipped activations shift the mean of a layer's output; its bias can take the
// shift back. compression.md 2.4.
#pragma once

#include <functional>

#include "host/quant/dense_layers.h"
#include "host/quant/insert.h"
#include "host/quant/observe.h"

namespace hone::quant {

// The quantised graph of a float one whose nodes and values kept their names.
using Quantise = std::function<Result<graph::Graph>(const graph::Graph& float_graph)>;

struct Corrected {
  graph::Graph graph;             // float, of the same ids, with other biases
  int layers = 0;                 // whose bias changed
  std::vector<std::string> left;  // "'fc1': MatMul takes no bias": none is passed over in silence
};

// Fast: b += (W - Wq) E[x], with the mean of each input channel from `seen` (observed by channel).
Result<Corrected> correct_biases_fast(const graph::Graph& g, const Quantise& quantise,
                                      const Statistics& seen);

struct FullCorrection {
  int stages = 6;  // layers of one stage are corrected together, behind those of the stages before
  int threads = 0;
};
// Full: b += E[y] - E[yq], measured on samples layer by layer in order of computation, with all
// before already quantised and corrected.
Result<Corrected> correct_biases_full(const graph::Graph& g, const Quantise& quantise,
                                      const Samples& samples, const FullCorrection& options);

// insert_qdq of a corrected graph. What was added to a bias is the answer to rounding, so layers
// that the scheme leaves float have their own, those of `plain`: the graph before correction, of
// the same ids.
Result<Inserted> insert_corrected(const graph::Graph& corrected, const graph::Graph& plain,
                                  const Scheme& scheme, const Ranges& ranges);

}  // namespace hone::quant
