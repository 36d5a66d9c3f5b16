// Elements of any type in blocks, with the scales and zero points that they take: what the kernels
// of quantize and dequantize for types without a loop of their own share.
#pragma once

#include "device/kernels/check.h"
#include "device/kernels/lanes.h"
#include "device/kernels/quantize/scales.h"

namespace hone::kernels {

// Calls body(at, n, scale, zero, step) for blocks of at most lane_block of the run's own elements:
// element at + i takes scale[i * step] and zero[i * step].
template <class Body>
static inline void quant_lanes(const RunArgs& args, const QuantParams& p, Body&& body) {
  const Span64 own = elements_of_units(args, p.total);
  quant_runs(p, own.begin, own.end, [&](int64_t at, int64_t n, int64_t first, int64_t step) {
    double scale[lane_block], zero[lane_block] = {};
    for (int64_t done = 0; done < n; done += lane_block) {
      const int64_t some = min_of(lane_block, n - done);
      if (done == 0 || step != 0) {
        const int64_t from = first + done * step, scales = step != 0 ? some : 1;
        load_lanes(p.scale, args.in[1], from, scales, scale);
        if (p.zero) load_lanes(p.dtype, args.in[2], from, scales, zero);
      }
      body(at + done, some, scale, zero, step);
    }
  });
}

}  // namespace hone::kernels
