// Declares every lowering of lowerings.inc.
#pragma once

#include "host/plan/lower.h"

namespace hone::plan {
#define HONE_LOWERING(domain, op, fn) Status lower_##fn(Lowering& l, const Node& n);
#include "host/plan/lower/lowerings.inc"
#undef HONE_LOWERING
}  // namespace hone::plan
