// How far a quantised graph's values are from the float graph's, value by value.
#pragma once

#include <map>
#include <string>

#include "host/quant/samples.h"

namespace hone::quant {

constexpr int64_t noise_samples = 32;  // enough for a ratio of sums over whole tensors

struct Noise {
  double signal = 0, error = 0;  // sums of squares
  // 10 log10(signal / error), within [-120, 120]; 120 where there is no error.
  double snr_db() const;
  double relative() const;  // error / signal; 0 / 0 is 0
};

// By name, for the values of these names that both graphs have (the others are left out). Both run
// the same samples. Sums are taken in the samples' order: any number of threads gives the same.
Result<std::map<std::string, Noise>> measure_noise(const graph::Graph& reference,
                                                   const graph::Graph& quantised,
                                                   const std::vector<std::string>& names,
                                                   const Samples& samples, int threads = 0);

}  // namespace hone::quant
