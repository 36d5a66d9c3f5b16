// What sample.cc shares with the files that run.
#pragma once

#include "device/kernels/sample/sample.h"
#include "device/kernels/simd/taps.h"

namespace hone::kernels {

struct SampleParams {
  int64_t points, channels, picture;  // of one picture: points of y, elements of x
  int64_t units;                      // of one picture
  int32_t axes;
  int64_t size[3], stride[3];  // of the named axes of x
  SampleMode mode;
  SamplePadding padding;
  bool align;
};
constexpr int64_t sample_points_per_unit = 64;

// The taps of the place `at` in a picture; returns how many.
int sample_taps(const SampleParams& p, const float* at, Tap* taps);

// Calls add(y, x, taps, count, channels, false) for the points of the units.
template <class Add>
static inline void sample_units(const RunArgs& args, Add&& add) {
  const auto& p = *static_cast<const SampleParams*>(args.params);
  const auto *x = static_cast<const float*>(args.in[0]),
             *grid = static_cast<const float*>(args.in[1]);
  auto* y = static_cast<float*>(args.out[0]);
  Tap taps[max_taps];
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t n = u / p.units, first = u % p.units * sample_points_per_unit;
    int64_t last = first + sample_points_per_unit;
    if (last > p.points) last = p.points;
    for (int64_t i = n * p.points + first; i < n * p.points + last; ++i) {
      const int count = sample_taps(p, grid + i * p.axes, taps);
      add(y + i * p.channels, x + n * p.picture, taps, count, p.channels, false);
    }
  }
}

namespace portable {
void sample_f32(const RunArgs& args);
}
namespace avx2 {
void sample_f32(const RunArgs& args);
}
namespace avx512 {
void sample_f32(const RunArgs& args);
}
namespace neon {
void sample_f32(const RunArgs& args);
}

}  // namespace hone::kernels
