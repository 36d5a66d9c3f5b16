// How element-by-element kernels are cut into units of work. For ISA files too: what runs is
// static.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

// Elements of one unit: small tensors have one unit, and a unit's operands fit the first-level
// cache.
constexpr int64_t chunk = 4096;

struct Span64 {
  int64_t begin, end;
};
// The elements, of `total`, that the units of this call are.
static inline Span64 elements_of_units(const RunArgs& args, int64_t total) {
  const int64_t end = args.end * chunk;
  return {args.begin * chunk, end < total ? end : total};
}

}  // namespace hone::kernels
