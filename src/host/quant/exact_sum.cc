#include "host/quant/exact_sum.h"

#include <bit>
#include <cmath>

namespace hone::quant {

namespace {
constexpr int lowest_exponent = -149;        // of the smallest subnormal float
constexpr uint32_t most_pending = 1u << 29;  // digits below 2^32 each: the sum stays in 63 bits
}  // namespace

void ExactSum::add(float value) {
  const auto u = std::bit_cast<uint32_t>(value);
  const uint32_t biased = (u >> 23) & 255;
  const uint64_t mantissa = biased == 0 ? u & 0x7fffffu : (u & 0x7fffffu) | 0x800000u;
  // value = +-mantissa 2^(position - 149)
  const uint32_t position = biased == 0 ? 0 : biased - 1;
  const uint64_t shifted = mantissa << (position % 32);
  const auto low = static_cast<int64_t>(shifted & 0xffffffffu);
  const auto high = static_cast<int64_t>(shifted >> 32);
  const int64_t sign = (u >> 31) != 0 ? -1 : 1;
  digit_[position / 32] += sign * low;
  digit_[position / 32 + 1] += sign * high;
  if (++pending_ >= most_pending) carry();
}

// Afterwards all digits but the highest are in [0, 2^32): one form for one value.
void ExactSum::carry() {
  for (size_t i = 0; i + 1 < digit_.size(); ++i) {
    const int64_t up = digit_[i] >> 32;
    digit_[i] -= up * (int64_t{1} << 32);
    digit_[i + 1] += up;
  }
  pending_ = 0;
}

void ExactSum::merge(const ExactSum& other) {
  ExactSum o = other;
  o.carry();
  carry();
  for (size_t i = 0; i < digit_.size(); ++i) digit_[i] += o.digit_[i];
  carry();
}

double ExactSum::value() const {
  ExactSum s = *this;
  s.carry();
  // A negative sum as the negative of a positive one, so that nothing cancels below.
  const bool negative = s.digit_.back() < 0;
  if (negative) {
    for (int64_t& d : s.digit_) d = -d;
    s.carry();
  }
  double sum = 0;
  for (size_t i = s.digit_.size(); i-- > 0;) {
    sum += std::ldexp(static_cast<double>(s.digit_[i]), static_cast<int>(32 * i) + lowest_exponent);
  }
  return negative ? -sum : sum;
}

}  // namespace hone::quant
