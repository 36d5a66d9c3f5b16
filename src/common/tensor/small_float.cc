#include "common/tensor/small_float.h"

#include <bit>
#include <limits>

namespace hone {
namespace {

// Sign, exponent and mantissa from the top down.
struct Format {
  uint8_t exponent_bits, mantissa_bits, bias;
  bool negative_zero;  // false: the code of -0 is the NaN
  uint16_t largest;    // code of the largest finite magnitude
  uint16_t infinity;   // 0: has none
  uint16_t nan;
  uint16_t over;  // what overflow gives where it does not saturate
};

constexpr Format format_of(DType t) {
  switch (t) {
    case DType::f16: return {5, 10, 15, true, 0x7bff, 0x7c00, 0x7e00, 0x7c00};
    case DType::bf16: return {8, 7, 127, true, 0x7f7f, 0x7f80, 0x7fc0, 0x7f80};
    case DType::f8e4m3fn: return {4, 3, 7, true, 0x7e, 0, 0x7f, 0x7f};
    case DType::f8e4m3fnuz: return {4, 3, 8, false, 0x7f, 0, 0x80, 0x80};
    case DType::f8e5m2: return {5, 2, 15, true, 0x7b, 0x7c, 0x7f, 0x7c};
    case DType::f8e5m2fnuz: return {5, 2, 16, false, 0x7f, 0, 0x80, 0x80};
    default: return {2, 1, 1, true, 7, 0, 8, 7};  // f4e2m1
  }
}

constexpr int double_bias = 1023, double_mantissa = 52;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// 2^power, where that is a normal double.
double two_to(int power) {
  return std::bit_cast<double>(static_cast<uint64_t>(power + double_bias) << double_mantissa);
}

// 2^(code - 127), 255 for NaN.
uint32_t scale_code(double value, SmallFloatRules rules) {
  if (value != value || value < 0) return 255;
  const uint64_t u = std::bit_cast<uint64_t>(value);
  const uint64_t fraction = u & ((uint64_t{1} << double_mantissa) - 1);
  int power = static_cast<int>(u >> double_mantissa & 0x7ff) - double_bias;
  if (rules.scale == ScaleRounding::up) power += fraction != 0;
  if (rules.scale == ScaleRounding::nearest) power += fraction >> (double_mantissa - 1);
  const bool below = power<-127, above = power> 127;
  if ((below || above) && !rules.saturate) return 255;
  return below ? 0 : above ? 254 : static_cast<uint32_t>(power + 127);
}

}  // namespace

double small_float_value(DType t, uint32_t code) {
  if (t == DType::f8e8m0) return code == 255 ? not_a_number : two_to(static_cast<int>(code) - 127);
  const Format f = format_of(t);
  const uint32_t sign_bit = 1u << (f.exponent_bits + f.mantissa_bits);
  if (!f.negative_zero && code == sign_bit) return not_a_number;
  const uint32_t magnitude = code & (sign_bit - 1);
  const double sign = (code & sign_bit) != 0 ? -1.0 : 1.0;
  if (magnitude > f.largest) return magnitude == f.infinity ? sign * infinity : not_a_number;
  const uint32_t hidden = 1u << f.mantissa_bits;
  const int exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  const uint32_t mantissa = (magnitude & (hidden - 1)) + (exponent == 0 ? 0 : hidden);
  const int power = (exponent == 0 ? 1 : exponent) - f.bias - f.mantissa_bits;
  return sign * static_cast<double>(mantissa) * two_to(power);
}

uint32_t small_float_code(DType t, double value, SmallFloatRules rules) {
  if (t == DType::f8e8m0) return scale_code(value, rules);
  const Format f = format_of(t);
  if (value != value) return f.nan;
  const uint64_t u = std::bit_cast<uint64_t>(value);
  const uint32_t sign_bit = 1u << (f.exponent_bits + f.mantissa_bits);
  const uint32_t sign = u >> 63 != 0 ? sign_bit : 0;
  const uint64_t hidden = uint64_t{1} << double_mantissa;
  const int power = static_cast<int>(u >> double_mantissa & 0x7ff) - double_bias;
  const int least = 1 - f.bias;  // the exponent of the smallest normal number
  uint32_t code = f.largest + 1u;
  if (power <= f.bias + 1) {
    // Bits of the mantissa to round away; all of them and more far below the smallest number.
    const int excess = double_mantissa - f.mantissa_bits + (power < least ? least - power : 0);
    const uint64_t mantissa = (u & (hidden - 1)) | hidden;
    const uint64_t half = excess > 54 ? 0 : uint64_t{1} << (excess - 1);
    const uint64_t steps =
        half == 0 ? 0 : (mantissa + half - 1 + (mantissa >> excess & 1)) >> excess;
    // The hidden bit, where there is one, carries into the exponent by itself.
    code = (static_cast<uint32_t>((power < least ? least : power) - least) << f.mantissa_bits) +
           static_cast<uint32_t>(steps);
  }
  if (code > f.largest) {
    const bool saturates = bits(t) < 8 || (bits(t) == 8 && rules.saturate);
    code = saturates ? f.largest : f.over;
  }
  return !f.negative_zero && (code & (sign_bit - 1)) == 0 ? code : sign | code;
}

}  // namespace hone
