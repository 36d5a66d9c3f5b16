// Expansions of what other files expand for constants, where only a run knows the parameter: sizes
// are then computed by nodes, whose results shape inference follows.
#pragma once

#include "host/passes/expand/expand.h"

namespace hone::passes {

Status crop_pad_by_data(Expansion& e);
Status affine_grid_by_data(Expansion& e);

}  // namespace hone::passes
