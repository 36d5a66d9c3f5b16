// Lifetimes of storages and their places in the arena.
#pragma once

#include "host/plan/tactics.h"

namespace hone::plan {

// Lets elementwise steps (and residual sums) write over an operand that dies with them.
void share_in_place(Plan& plan);

// first_step / last_step of every arena storage.
void find_lifetimes(Plan& plan);

// Slots, and offsets in each profile. A profile without ranges, for any size: one slot in which
// storages are stacked by expressions, or one per group of storages never alive together, whichever
// is smaller at the example's sizes. Else fixed offsets for the largest sizes within the ranges.
Status place_storages(Plan& plan);

}  // namespace hone::plan
