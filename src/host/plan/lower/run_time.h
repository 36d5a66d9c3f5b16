// Parameters that are known only when a run reads them: family sizes makes numbers of them, which
// are measured, so that sizes and windows of the steps behind are expressions of them.
#pragma once

#include "device/kernels/sizes/sizes.h"
#include "host/plan/lower.h"

namespace hone::plan {

struct RunTimeSizes {
  kernels::SizesAttrs attrs;
  std::vector<PlanValue> in;
  std::vector<Dim> dims;
  std::vector<Dim> bounds;  // of the numbers, one each
  std::string wrong;        // what is said where the operands make no sense
};

// The numbers as expressions. Errors (unsupported): inside a branch or loop.
Result<std::vector<Dim>> run_time_sizes(Lowering& l, const Node& n, RunTimeSizes sizes);

// Output `output`'s size on `axis` is `size`, which was measured, or is an expression of what was.
// It is at most what the model states, or else `bound`. Errors (unsupported): there is neither.
Status set_size(Lowering& l, const Node& n, size_t output, size_t axis, const Dim& size,
                std::optional<Dim> bound = {});

// Slice with axes or steps, Pad with axes that only data tell.
Status slice_by_data(Lowering& l, const Node& n);
Result<std::vector<Dim>> pads_by_axis(Lowering& l, const Node& n, const std::vector<Dim>& pads,
                                      const std::vector<Dim>& axes, size_t rank);

// Operand `input` as `type`, dense.
Result<PlanValue> use_typed(Lowering& l, const Node& n, size_t input, DType type);

}  // namespace hone::plan
