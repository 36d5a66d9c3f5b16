// Values that need no memory of their own: views into other values, where all that read them take
// any strides.
#pragma once

#include <optional>

#include "host/plan/lower.h"

namespace hone::plan {

// All readers of v take it with any strides: attention's operands, or operators that only look at
// it from another side and whose results are read by such.
bool read_by_strides(const Graph& graph, ValueId v);

// The output is this view of other memory, of the output's shape as it lies in `layout`: by itself
// where it is dense or its readers take strides, by a copy elsewhere.
void define_view_or_copy(Lowering& l, const Node& n, ValueId v, PlanValue view, Layout layout);

// Where along its axis a Gather takes one element that is known to be there; nothing for others.
std::optional<int64_t> constant_index(const Graph& graph, const Node& gather);

// The same dimensions but for some of 1: moved, added or gone.
bool differ_by_ones(const SymShape& a, const SymShape& b);

}  // namespace hone::plan
