// Constant weights as integers: symmetric, the lowest value left out ([-127, 127] for 8 bits).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::quant {

// The axis of a dense node's weights that its output channels lie along; none: there is none that
// has a scale of its own for each (stacks of matrices).
int channel_axis(const graph::Node& node, const Tensor& weights);
// The axis that is summed over, for weights of rank 2.
int summed_axis(const graph::Node& node);

// max|w| of each index of `axis`; of all, where axis is none.
std::vector<float> largest_by_channel(const Tensor& weights, int axis);

// round(w / scale) of `type` (i8 or i4), scales by index of `axis`, or one.
Tensor to_integers(const Tensor& weights, int axis, std::span<const float> scales, DType type);

// Scales of blocks of `group` elements along `axis`, in the shape DequantizeLinear wants: the
// weights' with ceil(dim / group) there. Rank 2.
Tensor group_scales(const Tensor& weights, int axis, int64_t group, DType type);
Tensor to_integers_by_group(const Tensor& weights, int axis, int64_t group, const Tensor& scales,
                            DType type);

// Of rank 2.
Tensor transposed(const Tensor& t);

// 127 of i8, 7 of i4.
int highest_of(DType type);

}  // namespace hone::quant
