// What the operators' shape inference has in common.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "host/ops/op_def.h"

namespace hone::ops {

// Elements of a value whose dynamic dimensions count as 1; 0 where the rank is unknown.
double elements(const Fact& fact);
double input_elements(const Graph& graph, const Node& node, size_t i = 0);
double output_elements(const Graph& graph, const Node& node, size_t i = 0);
double no_flops(const Graph&, const Node&);

// `axis` in [-rank, rank) as [0, rank).
Result<int> normal_axis(int64_t axis, int rank);
// Each normalised, in the order given; an axis given twice is an error.
Result<std::vector<int>> normal_axes(std::span<const int64_t> axes, int rank);

// Errors where input i's rank is known and outside [least, most]; most -1: no limit.
Status check_rank(const InferContext& ctx, size_t i, int least, int most = -1);
// Inputs [first, end) that are present and typed have the same type.
Status check_same_dtype(const InferContext& ctx, size_t first = 0, size_t end = SIZE_MAX);
// 1 for each of `rank` axes that one of the expressions `axes` names; `valid` is 1 where each is an
// axis, and only once. Where they are not, the flags are of as many axes all the same.
struct AxisFlags {
  std::vector<Dim> of;
  Dim valid;
};
AxisFlags axis_flags(const std::vector<Dim>& axes, size_t rank);
// Input i, where present and typed, has a floating-point type.
Status check_float(const InferContext& ctx, size_t i);
// Input i, where present and typed, is i64 (or i32 where `or_i32`).
Status check_index_type(const InferContext& ctx, size_t i, bool or_i32 = false);

// One dimension of a broadcast; where neither is known to win, `otherwise`, or what the sizes of a
// run settle: b where a is 1, else a.
Result<Dim> broadcast_dim(const Dim& a, const Dim& b, std::optional<Dim> otherwise = {});
// NumPy broadcasting of inputs [first, end), for output 0; nullopt where a rank is unknown.
Result<std::optional<SymShape>> broadcast_inputs(const InferContext& ctx, size_t first = 0,
                                                 size_t end = SIZE_MAX);

// Provably the same, provably different, or neither.
bool provably_different(const Dim& a, const Dim& b);
// Where a dimension must equal another: error if they are provably different.
Status check_equal(const Dim& a, const Dim& b, const char* what);
// The more telling of two dimensions that are equal at run time.
const Dim& better(const Dim& a, const Dim& b);

// The shape of `fact` with another type, without its content.
Fact shaped_like(const Fact& fact, DType dtype);
// Output 0 has input 0's type and shape. `_float`: which must be floating point.
// `_content`: and its content.
Status infer_same(InferContext& ctx);
Status infer_same_float(InferContext& ctx);
Status infer_same_content(InferContext& ctx);

// The number of elements a content vector of this shape has, where known and small.
std::optional<size_t> content_size(const Fact& fact);

}  // namespace hone::ops
