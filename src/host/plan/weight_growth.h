// What tactics may add to the weights: some are faster for keeping them larger (Winograd's 3 x 3
// filters are 4 times theirs).
#pragma once

#include "host/plan/plan.h"

namespace hone::plan {

// Exchanges tactics for ones with smaller packed weights until all of them together take no more
// than `most` times what the smallest tactics would, most >= 1: the least time lost for a byte
// first. A faster tactic that was given up stays in the notes with its time and the reason. Steps
// that were not timed keep theirs. Errors: where a size cannot be computed.
// Sets plan.packed. Before constants are packed.
Status bound_weight_growth(Plan& plan, double most);

}  // namespace hone::plan
