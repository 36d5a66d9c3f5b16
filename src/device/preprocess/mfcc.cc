#include "device/preprocess/mfcc.h"

#include <cmath>

#include "device/preprocess/workspace.h"

namespace hone::preprocess {

namespace {

constexpr double pi = 3.14159265358979323846;

int32_t power_of_two_from(int32_t n) {
  int32_t p = 1;
  while (p < n) p *= 2;
  return p;
}

double mel(double hz) { return 1127 * std::log(1 + hz / 700); }

class Mfcc {
 public:
  Mfcc(const MfccContract& k, Workspace& w)
      : k_(k), size_(power_of_two_from(k.window)), bins_(size_ / 2 + 1) {
    hann_ = w.take<double>(k.window);
    cosine_ = w.take<double>(size_ / 2);
    sine_ = w.take<double>(size_ / 2);
    real_ = w.take<double>(size_);
    imaginary_ = w.take<double>(size_);
    shares_ = w.take<Share>(bins_);
    dct_ = w.take<double>(int64_t{k.filters} * k.coefficients);
    log_ = w.take<double>(k.filters);
  }
  void prepare();
  // The coefficients of the frame that begins at sample `begin`.
  void frame(const int16_t* samples, int64_t count, int64_t begin, double peak, double* out);

 private:
  // A bin lies between the peaks of two filters, on the slope up of one and down of the one before.
  struct Share {
    int32_t filter;  // the one upwards; -1: the bin is in no filter
    double up, down;
  };
  Share share_of(int32_t bin) const;
  void transform();
  void filter();

  const MfccContract& k_;
  int32_t size_, bins_;
  double *hann_, *cosine_, *sine_;
  double *real_, *imaginary_;  // real_ ends as the magnitudes
  Share* shares_;
  double* dct_;
  double* log_;
};

void Mfcc::prepare() {
  for (int32_t i = 0; i < k_.window; ++i) {
    // Periodic for an even window, as tf.signal.hann_window.
    const int32_t period = k_.window % 2 == 0 ? k_.window : k_.window - 1;
    hann_[i] = period == 0 ? 1 : 0.5 - 0.5 * std::cos(2 * pi * i / period);
  }
  for (int32_t i = 0; i < size_ / 2; ++i) {
    cosine_[i] = std::cos(2 * pi * i / size_);
    sine_[i] = -std::sin(2 * pi * i / size_);
  }
  for (int32_t i = 0; i < bins_; ++i) shares_[i] = share_of(i);
  const double share = 1 / std::sqrt(2.0 * k_.filters);
  for (int32_t c = 0; c < k_.coefficients; ++c) {
    for (int32_t f = 0; f < k_.filters; ++f) {
      dct_[c * k_.filters + f] = 2 * share * std::cos(pi * (2 * f + 1) * c / (2.0 * k_.filters));
    }
  }
}

// Cooley and Tukey's, in place, radix 2; then the magnitudes of the bins.
void Mfcc::transform() {
  for (int32_t i = 1, j = 0; i < size_; ++i) {
    int32_t bit = size_ / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) {
      const double swapped = real_[i];
      real_[i] = real_[j];
      real_[j] = swapped;
    }
  }
  for (int32_t i = 0; i < size_; ++i) imaginary_[i] = 0;
  for (int32_t length = 2; length <= size_; length *= 2) {
    const int32_t half = length / 2, step = size_ / length;
    for (int32_t begin = 0; begin < size_; begin += length) {
      for (int32_t i = 0; i < half; ++i) {
        const int32_t a = begin + i, b = a + half;
        const double c = cosine_[i * step], s = sine_[i * step];
        const double re = real_[b] * c - imaginary_[b] * s;
        const double im = real_[b] * s + imaginary_[b] * c;
        real_[b] = real_[a] - re, imaginary_[b] = imaginary_[a] - im;
        real_[a] += re, imaginary_[a] += im;
      }
    }
  }
  for (int32_t i = 0; i < bins_; ++i) {
    real_[i] = std::sqrt(real_[i] * real_[i] + imaginary_[i] * imaginary_[i]);
  }
}

// Filters are triangles over three neighbours of filters + 2 equal steps in mel; bin 0 is in none.
Mfcc::Share Mfcc::share_of(int32_t bin) const {
  const double low = mel(k_.low_hz), step = (mel(k_.high_hz) - low) / (k_.filters + 1);
  const double at = (mel(static_cast<double>(k_.sample_rate) * bin / size_) - low) / step;
  if (bin == 0 || at < 0 || at >= k_.filters + 1) return {-1, 0, 0};
  const auto filter = static_cast<int32_t>(at);
  return {filter, at - filter, filter + 1 - at};
}

void Mfcc::filter() {
  for (int32_t f = 0; f < k_.filters; ++f) log_[f] = 0;
  for (int32_t i = 0; i < bins_; ++i) {
    const Share& s = shares_[i];
    if (s.filter >= 0 && s.filter < k_.filters) log_[s.filter] += real_[i] * s.up;
    if (s.filter > 0) log_[s.filter - 1] += real_[i] * s.down;
  }
}

void Mfcc::frame(const int16_t* samples, int64_t count, int64_t begin, double peak, double* out) {
  for (int32_t i = 0; i < size_; ++i) {
    const bool heard = i < k_.window && begin + i < count;
    real_[i] = heard ? samples[begin + i] / peak * hann_[i] : 0;
  }
  transform();
  filter();
  for (int32_t f = 0; f < k_.filters; ++f) log_[f] = std::log(log_[f] + 1e-6);
  for (int32_t c = 0; c < k_.coefficients; ++c) {
    out[c] = 0;
    for (int32_t f = 0; f < k_.filters; ++f) out[c] += log_[f] * dct_[c * k_.filters + f];
  }
}

bool makes_sense(const MfccContract& k) {
  const bool sizes = k.sample_rate > 0 && k.samples > 0 && k.samples <= 1 << 24 && k.window > 0 &&
                     k.window <= k.samples && k.window <= 1 << 16 && k.stride > 0;
  const bool filters =
      k.filters > 0 && k.filters <= 1024 && k.coefficients > 0 && k.coefficients <= k.filters;
  const bool range =
      k.low_hz >= 0 && k.high_hz > k.low_hz && k.high_hz <= static_cast<float>(k.sample_rate) / 2;
  const bool type = k.type == PixelType::f32 || (k.type == PixelType::s8 && k.scale > 0);
  return sizes && filters && range && type;
}

// The loudest sample above zero, as the reference's reduce_max(): not the largest magnitude.
double peak_of(const int16_t* samples, int64_t count) {
  int32_t most = INT16_MIN;
  for (int64_t i = 0; i < count; ++i) most = samples[i] > most ? samples[i] : most;
  return most == 0 || count == 0 ? 1
                                 : most;  // silence stays silence, where the reference has 0 / 0
}

int8_t to_s8(double y, const MfccContract& k) {
  // In f32, as numpy does it; the cast drops the fraction.
  const float q = static_cast<float>(y) / k.scale + static_cast<float>(k.zero_point);
  return static_cast<int8_t>(q < -128 ? -128 : q > 127 ? 127 : q);
}

}  // namespace

int64_t mfcc_scratch_bytes(const MfccContract& k) {
  if (!makes_sense(k)) return 0;
  Workspace counted;
  Mfcc measured(k, counted);
  (void)counted.take<double>(k.coefficients);
  return counted.bytes();
}

device::Status mfcc(const MfccContract& k, const int16_t* samples, int64_t count, void* out,
                    Scratch scratch) {
  if (!makes_sense(k) || count < 0) {
    return device::error(Code::invalid_argument, "the contract of the sound makes no sense");
  }
  if (scratch.bytes < mfcc_scratch_bytes(k)) {
    return device::error(Code::out_of_memory, "the scratch is too small");
  }
  Workspace workspace(scratch.data, scratch.bytes);
  Mfcc all(k, workspace);
  auto* y = workspace.take<double>(k.coefficients);
  all.prepare();
  if (count > k.samples) count = k.samples;
  const double peak = peak_of(samples, count);
  for (int64_t i = 0, at = 0; i < k.frames(); ++i) {
    all.frame(samples, count, i * k.stride, peak, y);
    for (int32_t c = 0; c < k.coefficients; ++c, ++at) {
      if (k.type == PixelType::f32) {
        static_cast<float*>(out)[at] = static_cast<float>(y[c]);
      } else {
        static_cast<int8_t*>(out)[at] = to_s8(y[c], k);
      }
    }
  }
  return {};
}

}  // namespace hone::preprocess
