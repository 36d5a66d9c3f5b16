// The generator of random operators: what it begins with.
#pragma once

#include "host/graph/graph.h"

namespace hone::ops {

// Of the node's sequence: its seed, else its name. Draw i follows (kernels/random).
uint64_t random_seed(const graph::Node& node);

}  // namespace hone::ops
