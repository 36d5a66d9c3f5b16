// Windows that slide over spatial axes: what convolutions and pools share.
#pragma once

#include <vector>

#include "host/ops/op_def.h"

namespace hone::ops {

enum class AutoPad { none, same_upper, same_lower, valid };

// Attributes of a window over `n` spatial axes, defaults filled in, checked: kernel, strides and
// dilations in [1, 2^31), pads in [0, 2^31).
struct Window {
  AutoPad auto_pad = AutoPad::none;
  std::vector<int64_t> kernel, strides, dilations;
  std::vector<int64_t> pads;  // all begins, then all ends; zeros unless auto_pad is none
  bool ceil_mode = false;

  size_t rank() const { return strides.size(); }
  int64_t extent(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
  int64_t begin(size_t i) const { return pads[i]; }
  int64_t end(size_t i) const { return pads[rank() + i]; }
};

// `kernel` empty: taken from the attribute kernel_shape (an error where that is absent).
Result<Window> window_of(const Node& node, size_t n, std::vector<int64_t> kernel = {});
// Positions of the window along axis i over `size` elements.
Result<Dim> window_count(const Window& w, size_t i, const Dim& size);
// The pads that auto_pad stands for on these sizes; the window's own where it is none.
std::vector<int64_t> resolved_pads(const Window& w, const std::vector<int64_t>& sizes);

}  // namespace hone::ops
