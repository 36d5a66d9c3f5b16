// Tensor: constant data on the host. Bytes are shared, never copied on assignment, and may belong
// to a mapped file (model weights) or to the tensor itself.
#pragma once

#include <cassert>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/tensor/dtype.h"

namespace hone {

using Dims = std::vector<int64_t>;

// Product of dims; dims are >= 0 and the product fits (readers checked both).
int64_t element_count(std::span<const int64_t> dims);
std::string to_string(std::span<const int64_t> dims);  // "[1,3,224,224]"

class Tensor {
 public:
  Tensor() = default;  // dtype none: no tensor

  // Zero-filled and owned.
  Tensor(DType dtype, Dims dims);
  // A view of byte_size(dtype, count) little-endian bytes kept alive by `owner`. `data` may be
  // unaligned; the first data() then makes an aligned copy, which all copies of the tensor share.
  static Tensor view(DType dtype, Dims dims, const void* data, std::shared_ptr<const void> owner);
  static Tensor strings(Dims dims, std::vector<std::string> values);
  // A sequence of tensors of one type: a value of the reference executor only.
  // It has no dims and no data.
  static Tensor sequence(DType dtype, std::vector<Tensor> items);
  // An optional without a value, of tensors or sequences of this type: likewise. With a value it is
  // that value.
  static Tensor empty_optional(DType dtype);
  // A map: values[i] belongs to keys[i]; likewise. keys: i64[n] or string[n], none twice; values:
  // [n]. Its dtype is the values'.
  static Tensor map(Tensor keys, Tensor values);

  template <class T>
  static Tensor of(Dims dims, std::span<const T> values);
  template <class T>
  static Tensor of(Dims dims, std::initializer_list<T> values) {
    return of<T>(std::move(dims), std::span<const T>(values.begin(), values.size()));
  }
  template <class T>
  static Tensor scalar(T value) {
    return of<T>({}, std::span<const T>(&value, 1));
  }

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t count() const { return element_count(dims_); }
  int64_t bytes() const { return byte_size(dtype_, count()); }
  explicit operator bool() const { return dtype_ != DType::none; }

  // Aligned to the element's size. Strings have no data(). Safe from several threads.
  const void* data() const { return unaligned_ == nullptr ? data_ : aligned_copy(); }
  template <class T>
  std::span<const T> as() const {
    assert(dtype_of<T> == dtype_);
    return {static_cast<const T*>(data()), static_cast<size_t>(count())};
  }
  // The bytes where they lie, aligned or not: for who copies, hashes or writes them.
  std::span<const std::byte> raw_bytes() const {
    return {static_cast<const std::byte*>(data_), static_cast<size_t>(bytes())};
  }
  // Writable bytes: copies first where they are shared or mapped.
  void* mutable_data();
  template <class T>
  std::span<T> as_mutable() {
    assert(dtype_of<T> == dtype_);
    return {static_cast<T*>(mutable_data()), static_cast<size_t>(count())};
  }
  const std::vector<std::string>& as_strings() const { return *strings_; }
  bool is_sequence() const { return items_ != nullptr && !map_; }
  const std::vector<Tensor>& items() const { return *items_; }  // is_sequence()
  bool is_empty_optional() const { return empty_optional_; }
  bool is_map() const { return map_; }
  const Tensor& keys() const { return items_->front(); }                   // is_map()
  const Tensor& values() const { return items_->back(); }                  // is_map()
  bool is_plain() const { return items_ == nullptr && !empty_optional_; }  // a tensor

  // Element i as double / int64 whatever the numeric type (sub-byte, f16, bf16, f8 included); the
  // rounding and the corner cases are those of element.h.
  double at(int64_t i) const;
  int64_t int_at(int64_t i) const;
  void set(int64_t i, double value);  // rounds to the type, to nearest even; saturates integers

  // The same bytes under other dims of the same count.
  Tensor reshaped(Dims dims) const;

 private:
  struct AlignedCopy;
  const void* aligned_copy() const;

  DType dtype_ = DType::none;
  Dims dims_;
  const void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
  bool owned_ = false;                      // owner_ is a buffer of this class's own making
  std::shared_ptr<AlignedCopy> unaligned_;  // set where data_ is not aligned
  std::shared_ptr<const std::vector<std::string>> strings_;
  std::shared_ptr<const std::vector<Tensor>> items_;  // of a map: keys, values
  bool map_ = false;
  bool empty_optional_ = false;
};

// Equal type, dims and bytes.
bool identical(const Tensor& a, const Tensor& b);
// All elements as int64 (any integer type) or double.
std::vector<int64_t> to_ints(const Tensor& t);
std::vector<double> to_doubles(const Tensor& t);

template <class T>
Tensor Tensor::of(Dims dims, std::span<const T> values) {
  Tensor t(dtype_of<T>, std::move(dims));
  assert(static_cast<size_t>(t.count()) == values.size());
  auto* out = static_cast<T*>(t.mutable_data());
  for (size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return t;
}

}  // namespace hone
