// A concrete shape: at most 8 dimensions, all >= 0, no allocation. Symbolic shapes are the graph's.
#pragma once

#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "common/base/checked.h"

namespace hone {

constexpr int max_rank = 8;

class Shape {
 public:
  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<int64_t> dims) {
    assert(dims.size() <= max_rank);
    for (int64_t d : dims) dims_[rank_++] = d;
  }
  // rank <= max_rank, checked by whoever reads the rank from outside.
  constexpr explicit Shape(std::span<const int64_t> dims) {
    assert(dims.size() <= max_rank);
    for (int64_t d : dims) dims_[rank_++] = d;
  }

  constexpr int rank() const { return rank_; }
  constexpr int64_t operator[](int i) const { return assert(i >= 0 && i < rank_), dims_[i]; }
  constexpr int64_t& operator[](int i) { return assert(i >= 0 && i < rank_), dims_[i]; }
  constexpr int64_t back(int i = 0) const { return (*this)[rank_ - 1 - i]; }
  constexpr void push(int64_t d) { assert(rank_ < max_rank), dims_[rank_++] = d; }
  constexpr const int64_t* begin() const { return dims_; }
  constexpr const int64_t* end() const { return dims_ + rank_; }
  constexpr std::span<const int64_t> span() const { return {dims_, static_cast<size_t>(rank_)}; }

  // Product of all dimensions, 1 for a scalar. Of a shape that was checked: see count_checked.
  constexpr int64_t count() const { return count(0, rank_); }
  constexpr int64_t count(int from, int to) const {
    int64_t n = 1;
    for (int i = from; i < to; ++i) n *= dims_[i];
    return n;
  }
  // False where a dimension is negative or the product does not fit.
  [[nodiscard]] bool count_checked(int64_t* out) const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) {
      if (dims_[i] < 0 || mul_overflows(n, dims_[i], &n)) return false;
    }
    *out = n;
    return true;
  }
  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i) {
      if (a.dims_[i] != b.dims_[i]) return false;
    }
    return true;
  }

 private:
  int64_t dims_[max_rank] = {};
  int rank_ = 0;
};

}  // namespace hone
