// A streaming histogram of signed values, whose result depends on the values alone: not on how they
// were cut into pieces, nor on their order, nor on which thread saw which.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hone::quant {

// Bins of one width cover [-limit, limit), where limit is the smallest power of two above every
// magnitude seen. A larger one doubles it: neighbouring bins become one, which is exact, because
// widths are powers of two. So at least half of either side's bins lie within the data. Zeros are
// counted apart: every grid holds zero exactly.
class Histogram {
 public:
  static constexpr int side = 4096;  // bins on either side of zero
  static constexpr int bins = 2 * side;

  // Finite values only.
  void add(std::span<const float> values);
  void merge(const Histogram& other);

  bool empty() const { return counts_.empty(); }  // nothing but zeros, or nothing
  double limit() const;
  double width() const { return limit() / side; }
  // Bin i covers [left(i), left(i + 1)), those below zero (left(i), left(i + 1)].
  double left(int i) const { return width() * (i - side); }
  std::span<const uint64_t> counts() const { return counts_; }
  uint64_t zeros() const { return zeros_; }
  uint64_t total() const { return total_; }  // with the zeros

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  void grow(int exponent);
  void count_values(std::span<const float> values);

  int exponent_ = 0;              // limit = 2^exponent
  std::vector<uint64_t> counts_;  // empty until the first value that is not zero
  uint64_t zeros_ = 0, total_ = 0;
};

}  // namespace hone::quant
