// What the rewriters of element types share.
#pragma once

#include "host/graph/patch.h"

namespace hone::engine {

// The values as elements of another float type, each rounded once.
Tensor with_type(const Tensor& t, DType type);
// A new node's result: `v` as elements of `to`.
graph::ValueId add_cast(graph::Patch* patch, graph::ValueId v, DType to, graph::NodeId origin);

}  // namespace hone::engine
