// What the reference implementations have in common. Floats are computed in double, signed integers
// in int64_t, unsigned ones and bool in uint64_t; storing rounds floats to their type and keeps the
// low bits of integers, which is exact wraparound for +, - and *.
#pragma once

#include <fmt/format.h>

#include <array>
#include <span>
#include <vector>

#include "host/ops/op_def.h"

namespace hone::ops {

// Zero-filled. Errors: a negative size, more bytes than a reference run may take.
Result<Tensor> make_tensor(DType dtype, const Dims& dims);
Status check_size(DType dtype, const Dims& dims);

// --- index arithmetic ---------------------------------------------------------------------------
Dims row_major_strides(const Dims& dims);
// Strides that read a tensor of `in` dims over the index space `out`, 0 where it is broadcast.
Dims broadcast_strides(const Dims& in, const Dims& out);
Result<Dims> broadcast_dims(const Dims& a, const Dims& b);

// Steps through an index space in row-major order with the offsets of N operands.
template <size_t N>
class Walk {
 public:
  Walk(const Dims& dims, std::array<Dims, N> strides)
      : dims_(dims), strides_(std::move(strides)), index_(dims.size(), 0) {}
  int64_t offset(size_t k = 0) const { return offset_[k]; }
  const Dims& index() const { return index_; }
  void next() {
    for (size_t d = dims_.size(); d-- > 0;) {
      if (++index_[d] < dims_[d]) {
        for (size_t k = 0; k < N; ++k) offset_[k] += strides_[k][d];
        return;
      }
      index_[d] = 0;
      for (size_t k = 0; k < N; ++k) offset_[k] -= strides_[k][d] * (dims_[d] - 1);
    }
  }

 private:
  Dims dims_;
  std::array<Dims, N> strides_;
  Dims index_;
  std::array<int64_t, N> offset_{};
};

// The lines of a tensor along an axis: element k of line i is at first(i) + k * stride.
struct Lines {
  int64_t size, stride, count;
  // Lines of no elements are all at the beginning, of a tensor without memory.
  int64_t first(int64_t i) const { return size == 0 ? 0 : i / stride * stride * size + i % stride; }
};
Lines lines_of(const Dims& dims, int axis);

// --- numbers ------------------------------------------------------------------------------------
constexpr bool is_unsigned(DType t) {
  return t == DType::u8 || t == DType::u16 || t == DType::u32 || t == DType::u64 ||
         t == DType::u4 || t == DType::u2 || t == DType::boolean;
}

// Thrown, and caught by the executor, where an operand that must hold real numbers does not: no
// operator needs a check of its own for strings and complex numbers.
struct NotANumber {
  DType dtype;
};
// W: double, int64_t or uint64_t. Throws NotANumber.
template <class W>
std::vector<W> load(const Tensor& t);
template <class W>
Tensor store(DType dtype, Dims dims, const std::vector<W>& values);
// Elements of an operand of indices, axes, sizes. Throws NotANumber for other than integers and
// bool.
std::vector<int64_t> ints_of(const Tensor& t);
// f16 and bf16 steps in between: the value as the type would hold it.
double round_to(DType dtype, double value);

inline Status bad_dtype(const Node& node, DType t) {
  return unsupported(fmt::format("{} of {} in the reference", node.op, name(t)));
}

// f.operator()<W>() with the W that computes `dtype`.
template <class F>
Status in_domain(const Node& node, DType dtype, F&& f) {
  if (is_float(dtype)) return f.template operator()<double>();
  if (is_unsigned(dtype)) return f.template operator()<uint64_t>();
  if (is_integer(dtype)) return f.template operator()<int64_t>();
  return bad_dtype(node, dtype);
}
inline Status need_float(const Node& node, const Tensor& t) {
  return is_float(t.dtype()) ? Status() : bad_dtype(node, t.dtype());
}
// The scalar (or the only element) that an optional input holds.
Result<int64_t> scalar_int(const RefContext& ctx, size_t i);

// --- data movement
// -------------------------------------------------------------------------------- Fills a tensor
// of any type, element by element, from elements of tensors of that type.
class Mover {
 public:
  // check_size() has accepted them.
  Mover(DType dtype, Dims dims);
  void put(int64_t to, const Tensor& from, int64_t index);
  Tensor take() &&;

 private:
  DType dtype_;
  Dims dims_;
  Tensor out_;
  std::byte* to_ = nullptr;
  const std::byte* from_ = nullptr;
  const Tensor* source_ = nullptr;
  std::vector<std::string> strings_;
};

// out[i] = in[index(i)], i in row-major order of `dims`.
template <class F>
Result<Tensor> gather_elements(const Tensor& in, Dims dims, F&& index) {
  HONE_RETURN_IF_ERROR(check_size(in.dtype(), dims));
  Mover mover(in.dtype(), dims);
  const int64_t count = element_count(dims);
  for (int64_t i = 0; i < count; ++i) mover.put(i, in, index(i));
  return std::move(mover).take();
}
// A view of `in` with these dims and strides (negative ones too), made dense.
Result<Tensor> strided_copy(const Tensor& in, Dims dims, const Dims& strides, int64_t offset = 0);

}  // namespace hone::ops
