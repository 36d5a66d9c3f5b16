// Frames of sound to mel-frequency cepstral coefficients, as MLPerf Tiny's keyword spotting makes
// them (mlcommons/tiny, benchmark/training/keyword_spotting/get_dataset.py). docs/preprocess.md has
// the formulae.
#pragma once

#include "device/preprocess/preprocess.h"

namespace hone::preprocess {

// The defaults are the benchmark's: 1 s at 16 kHz, windows of 30 ms every 20 ms, 40 mel filters
// from 20 to 4000 Hz, the first 10 coefficients of each: 49 x 10.
struct MfccContract {
  int32_t sample_rate = 16000;
  int32_t samples = 16000;  // what is missing of a clip is silence, what is over is not heard
  int32_t window = 480, stride = 320;
  int32_t filters = 40, coefficients = 10;
  float low_hz = 20, high_hz = 4000;
  PixelType type = PixelType::f32;  // f32, or s8: trunc(y / scale + zero_point), saturated
  float scale = 0.5847029f;
  int32_t zero_point = 83;

  int32_t frames() const { return samples < window ? 0 : 1 + (samples - window) / stride; }
  int64_t tensor_bytes() const {
    return int64_t{frames()} * coefficients * (type == PixelType::f32 ? 4 : 1);
  }
};

// 0 for a contract that mfcc() refuses.
int64_t mfcc_scratch_bytes(const MfccContract& contract);

// Writes frames() x coefficients values in the contract's type; `count` samples of 16 bits, one
// channel. Computed in f64, rounded once at the end. Errors: invalid_argument for a contract that
// makes no sense, out_of_memory where the scratch is too small.
device::Status mfcc(const MfccContract& contract, const int16_t* samples, int64_t count, void* out,
                    Scratch scratch);

}  // namespace hone::preprocess
