// Places in one block of memory for sizes unknown until shapes are bound.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "host/plan/memory.h"
#include "host/plan/plan.h"

namespace hone::plan {

// Who lies below whom is taken from a placement for example sizes; the offset of a buffer is then
// the largest end of those below it that are alive with it. So no sizes make two of them overlap,
// and at the example's sizes nothing lies higher than in the placement. `sizes` and the offsets
// returned are in blocks of the placement's alignment. nullopt: the expressions get too large, or
// depend on data (`sizes` may then change during a run, and what lies above would move).
std::optional<std::vector<Dim>> stack_buffers(std::span<const Lifetime> buffers,
                                              std::span<const Dim> sizes, const Placement& example);

}  // namespace hone::plan
