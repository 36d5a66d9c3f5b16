// Pads of axes that only data tell.
#pragma once

#include <vector>

#include "host/graph/dim.h"

namespace hone::ops {

using graph::Dim;

// Begins and ends of every axis, of a list of those of `axes`, as expressions.
std::vector<Dim> spread_over_axes(const std::vector<Dim>& list, const std::vector<Dim>& axes,
                                  size_t rank);

}  // namespace hone::ops
