// Are there two typical latencies instead of one? Then a median says little about either.
#pragma once

#include <cstdint>
#include <span>

namespace hone::ship {

struct Modes {
  bool bimodal = false;
  double low_ms = 0, high_ms = 0;  // medians of the two, where bimodal
  double high_share = 0;           // of the samples, 0 to 1
  int64_t switches = 0;            // how often a sample is of another mode than the one before it
};

// Samples in order of time. Two modes are said to be there where
// - the best split into two groups (2-means of the logarithms, the outermost 0.5 % left out) leaves
//   each at least 5 % of the samples; fewer are outliers, not a mode;
// - the groups' medians are at least 5 % apart: less matters to nobody;
// - there is a valley: the emptiest fifth of the way between the two medians holds less than half
//   of what an equally wide band around either median does, by three standard deviations of the
//   counts. Skewed and long-tailed distributions have two groups, and no valley.
// Fewer than 100 samples never are bimodal. O(n log n).
Modes find_modes(std::span<const double> samples_ms);

}  // namespace hone::ship
