// A sum of floats without rounding, hence without order: fixed point over the whole range of float.
#pragma once

#include <array>
#include <cstdint>

namespace hone::quant {

class ExactSum {
 public:
  void add(float value);  // finite
  void merge(const ExactSum& other);
  double value() const;  // the exact sum, rounded once (to within a unit in the last place)

 private:
  static constexpr int digits = 11;  // of 32 bits: 2^-149 to 2^203

  void carry();

  std::array<int64_t, digits> digit_{};
  uint32_t pending_ = 0;  // additions since the last carry
};

}  // namespace hone::quant
