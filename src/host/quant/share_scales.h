// Which rounded values have one scale: what is only moved, and what is joined by Concat.
#pragma once

#include <map>

#include "host/quant/insert.h"

namespace hone::quant {

// Operands of a Concat whose ranges differ more than this keep their own scale, whatever it costs:
// a box in pixels beside a score would leave the score two levels.
constexpr double most_unlike = 8;
// An operand that others read too keeps its own unless they are this much alike.
constexpr double much_alike = 1.25;

// The range of each of placement.values, widened to that of the values it shares its scale with.
// Errors: not_found for a value without a range.
Result<std::map<graph::ValueId, Range>> share_scales(const graph::Graph& graph,
                                                     const Placement& placement,
                                                     const std::map<graph::ValueId, Range>& ranges);

}  // namespace hone::quant
