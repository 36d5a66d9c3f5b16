// Physical order of a value's dimensions under its layout.
#pragma once

#include <vector>

#include "host/graph/fact.h"

namespace hone::graph {

// perm[i] = the logical axis stored as physical dimension i. Identity for ranks other than 3 to 5.
std::vector<int> physical_order(int rank, Layout layout);
SymShape physical_shape(const SymShape& logical, Layout layout);
// Where logical axis `axis` (>= 0) lies physically.
int physical_axis(int rank, int axis, Layout layout);
// Both layouts put this shape's elements in the same order (C == 1, or all spatial sizes 1).
bool same_memory(const SymShape& logical, Layout a, Layout b);

}  // namespace hone::graph
