// Steps on bytes that several lowerings make.
#pragma once

#include "device/kernels/pool/pool.h"
#include "host/plan/lower.h"

namespace hone::plan {

// y = table[x], by x's bits; 256 entries.
void look_up(Lowering& l, const Node& n, PlanValue x, Tensor table, PlanValue y);

// The attributes of a pool of ONNX, or of a QuantizedPool.
Result<kernels::PoolAttrs> pool_attrs(Lowering& l, const Node& n);

}  // namespace hone::plan
