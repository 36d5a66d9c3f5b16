#pragma once

#include "host/plan/lower.h"

namespace hone::plan {

// MaxPool with its Indices output.
Status lower_arg_pool(Lowering& l, const Node& n);

}  // namespace hone::plan
