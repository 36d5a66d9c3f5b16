// Inputs that stand in where nobody gave real ones.
#pragma once

#include <map>
#include <string>

#include "host/graph/graph.h"
#include "ship/measure/session.h"

namespace hone::ship {

// Of integer inputs that a Gather looks up in a constant table (tokens): how many rows it has, by
// input name.
std::map<std::string, int64_t> table_sizes(const graph::Graph& graph);

// A value of that seed with structure that survives pooling, so that two seeds make a difference to
// what a network says: pictures ([N,C,H,W] or [N,H,W,C] of 1, 3 or 4 channels) and sounds are a few
// smooth waves with a little noise around a level of their own; other floats are normal numbers
// around a level of their own. Integers are in [0, `rows`), where `rows` is 0 in [0, 2); inputs
// with "mask" in their name are ones, then zeros along the last axis.
Tensor structured_input(const IoInfo& io, const Dims& dims, uint64_t seed, int64_t rows = 0);

}  // namespace hone::ship
