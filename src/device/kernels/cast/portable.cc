#include <cstring>

#include "device/kernels/cast/cast_impl.h"
#include "device/kernels/check.h"
#include "device/kernels/lanes.h"

// Every pair of types would be 600 loops. Values go through a block in the widest type of their
// kind instead: double or 64-bit integers. Each holds its sources exactly, so there is one
// rounding, the last.
namespace hone::kernels::portable {

void cast_any(const RunArgs& args) {
  auto& p = *static_cast<const CastParams*>(args.params);
  const auto [begin, end] = elements_of_units(args, p.count);
  if (begin >= end) return;
  const void* x = args.in[0];
  void* y = args.out[0];
  if (p.from == p.to) {
    const int64_t at = byte_size(p.from, begin);
    std::memmove(static_cast<uint8_t*>(y) + at, static_cast<const uint8_t*>(x) + at,
                 static_cast<size_t>(byte_size(p.from, end) - at));
    return;
  }
  const bool whole = !is_float(p.from) && !is_float(p.to);
  for (int64_t at = begin; at < end; at += lane_block) {
    const int64_t n = min_of(lane_block, end - at);
    if (whole) {
      int64_t block[lane_block];
      load_lanes(p.from, x, at, n, block);
      store_lanes(p.to, block, n, y, at);
    } else if (p.from == DType::i64 && p.to == DType::f64) {
      for (int64_t i = at; i < at + n; ++i) {
        static_cast<double*>(y)[i] = static_cast<double>(static_cast<const int64_t*>(x)[i]);
      }
    } else if (p.from == DType::u64 && p.to == DType::f64) {
      for (int64_t i = at; i < at + n; ++i) {
        static_cast<double*>(y)[i] = static_cast<double>(static_cast<const uint64_t*>(x)[i]);
      }
    } else {
      double block[lane_block];
      load_lanes(p.from, x, at, n, block);
      store_lanes(p.to, block, n, y, at, p.rules);
    }
  }
}

}  // namespace hone::kernels::portable
