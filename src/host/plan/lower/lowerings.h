// Declares every lowering of lowerings.inc.
#pragma once

#include "host/plan/lower.h"

namespace hone::plan {
#define HONE_LOWERING(domain, op, fn) Status lower_##fn(Lowering& l, const Node& n);
#include "host/plan/lower/lowerings.inc"
#undef HONE_LOWERING
Status lower_plugin(Lowering& l, const Node& n);  // of every operator that a plugin has
}  // namespace hone::plan
