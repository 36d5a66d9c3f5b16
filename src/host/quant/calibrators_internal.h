// The calibrators that search, each in a file of its own. For statistics with a value other than 0.
#pragma once

#include "host/quant/calibrators.h"

namespace hone::quant {

Range least_error_range(const TensorStats& s, const GridSpec& grid);
Range least_divergence_range(const TensorStats& s, const GridSpec& grid);

// Within what was seen, holding zero, and [-a, a] for a symmetric grid.
Range bounded(const Range& r, const TensorStats& s, const GridSpec& grid);

}  // namespace hone::quant
