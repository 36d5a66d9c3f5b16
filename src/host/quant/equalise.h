// Cross-layer equalisation: channels of neighbouring layers scaled against each other, so that none
// of them wastes the grid that all share. compression.md 2.3.
#pragma once

#include "host/graph/graph.h"

namespace hone::quant {

struct Equalised {
  graph::Graph graph;  // computes the same; ids of values and nodes stay
  int pairs = 0;       // of layers
};

// Over pairs of convolutions (the second ungrouped or depthwise) with nothing between but
// positively homogeneous activations: Relu, LeakyRelu, PRelu by channel. Clip is not one: its bound
// would have to differ by channel. S = sqrt(r1 / r2) for each channel, within [0.1, 10], repeated
// until it settles. Errors: of the patch.
Result<Equalised> equalise(const graph::Graph& g);

}  // namespace hone::quant
