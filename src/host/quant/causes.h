// Why a layer lost precision: one tag, the likeliest first.
#pragma once

#include <string>

#include "host/quant/calibrators.h"
#include "host/quant/dense_layers.h"
#include "host/quant/insert.h"
#include "host/quant/observe.h"

namespace hone::quant {

// Of a layer whose input was observed by channel and given this range; "" where nothing stands out.
//   concat range     a Concat joins parts whose magnitudes differ more than 8 times
//   outlier channel  one channel of the input is more than 8 times the median channel
//   hard-swish tail  the input's negative end, all of it above -0.5, has fewer than 16 steps
//   saturation       more than 1 in 200 values lie beyond the range
//   clip             the values cut off cost more than rounding does
//   dead channel     an output channel has no weight beyond 2^-20 of the layer's largest
std::string cause_of(const graph::Graph& g, const DenseLayer& layer, const Statistics& seen,
                     const Ranges& ranges, const GridSpec& grid);

}  // namespace hone::quant
