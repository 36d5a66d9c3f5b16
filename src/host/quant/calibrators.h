// From statistics of a tensor to the range that will be quantised. compression.md 2.2.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/tensor/dtype.h"
#include "host/quant/tensor_stats.h"

namespace hone::quant {

enum class Calibrator : uint8_t { min_max, moving_average, percentile, mse, entropy };
constexpr Calibrator all_calibrators[] = {Calibrator::min_max, Calibrator::moving_average,
                                          Calibrator::percentile, Calibrator::mse,
                                          Calibrator::entropy};
// "min-max", "moving-average", "percentile", "mse", "entropy"
const char* name(Calibrator c);
Result<Calibrator> parse_calibrator(std::string_view text);

struct Range {
  float low = 0, high = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// The grid a range will be given: u8, i8, u16 or i16; symmetric: zero point in the middle (0 for
// signed types).
struct GridSpec {
  DType type = DType::u8;
  bool symmetric = false;
  double lowest() const;   // of the type: -128, 0, -32768
  double highest() const;  // 127, 255, 32767
};

struct CalibratorOptions {
  double percentile = 99.99;  // share of the values that is kept, in percent
};

// Always holds zero; low == high == 0 for statistics without a value other than 0. A symmetric grid
// gets [-a, a].
//   min-max         everything seen.
//   moving average  mean over the samples of each one's minimum and maximum: an average that moves
//                   forgets the first samples, so their order would decide; this one's sum is
//                   exact.
//   percentile      cuts (100 - p) / 2 percent at either end; of magnitudes on a symmetric grid.
//   mse             least mean squared error of rounding and clipping, values spread evenly within
//                   their bin; both ends searched, over 100 positions each in turns.
//   entropy         least KL divergence from the clipped to the quantised magnitudes; Q is spread
//                   over the non-zero bins of P only, both smoothed by 1e-4.
Range choose_range(const TensorStats& s, Calibrator c, const GridSpec& grid,
                   const CalibratorOptions& options = {});

// Mean squared error of the tensor's values on the grid of this range, under the same model.
double expected_error(const TensorStats& s, const Range& range, const GridSpec& grid);

}  // namespace hone::quant
