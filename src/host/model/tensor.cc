#include "host/model/tensor.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "common/base/checked.h"
#include "host/model/element.h"

namespace hone {
namespace {

// What the widest vector load likes, and a cache line.
constexpr std::align_val_t buffer_alignment{64};

std::shared_ptr<std::byte> allocate(int64_t size) {
  auto* p = static_cast<std::byte*>(::operator new(static_cast<size_t>(size), buffer_alignment));
  return {p, [](std::byte* q) { ::operator delete(q, buffer_alignment); }};
}

int64_t alignment(DType t) {
  const int bytes = is_complex(t) ? bits(t) / 16 : bits(t) / 8;
  return std::max(bytes, 1);
}

}  // namespace

struct Tensor::AlignedCopy {
  std::once_flag once;
  std::shared_ptr<std::byte> bytes;
};

int64_t element_count(std::span<const int64_t> dims) {
  int64_t count = 1;
  for (int64_t d : dims) {
    [[maybe_unused]] const bool overflows = mul_overflows(count, d, &count);
    assert(d >= 0 && !overflows);
  }
  return count;
}

std::string to_string(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(dims[i]);
  }
  return text + "]";
}

Tensor::Tensor(DType dtype, Dims dims) : dtype_(dtype), dims_(std::move(dims)) {
  if (dtype == DType::string) {
    strings_ = std::make_shared<std::vector<std::string>>(static_cast<size_t>(count()));
    return;
  }
  if (bytes() == 0) return;
  auto buffer = allocate(bytes());
  std::memset(buffer.get(), 0, static_cast<size_t>(bytes()));
  data_ = buffer.get();
  owner_ = std::move(buffer);
  owned_ = true;
}

Tensor Tensor::view(DType dtype, Dims dims, const void* data, std::shared_ptr<const void> owner) {
  assert(dtype != DType::none && dtype != DType::string);
  Tensor t;
  t.dtype_ = dtype;
  t.dims_ = std::move(dims);
  t.data_ = data;
  t.owner_ = std::move(owner);
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(alignment(dtype)) != 0) {
    t.unaligned_ = std::make_shared<AlignedCopy>();
  }
  return t;
}

Tensor Tensor::sequence(DType dtype, std::vector<Tensor> items) {
  Tensor t;
  t.dtype_ = dtype;
  t.items_ = std::make_shared<const std::vector<Tensor>>(std::move(items));
  return t;
}

Tensor Tensor::empty_optional(DType dtype) {
  Tensor t;
  t.dtype_ = dtype;
  t.empty_optional_ = true;
  return t;
}

Tensor Tensor::map(Tensor keys, Tensor values) {
  assert(keys.rank() == 1 && values.rank() == 1 && keys.count() == values.count());
  assert(keys.dtype() == DType::i64 || keys.dtype() == DType::string);
  Tensor t;
  t.dtype_ = values.dtype();
  t.items_ = std::make_shared<const std::vector<Tensor>>(
      std::vector<Tensor>{std::move(keys), std::move(values)});
  t.map_ = true;
  return t;
}

Tensor Tensor::strings(Dims dims, std::vector<std::string> values) {
  Tensor t;
  t.dtype_ = DType::string;
  t.dims_ = std::move(dims);
  assert(static_cast<size_t>(t.count()) == values.size());
  t.strings_ = std::make_shared<std::vector<std::string>>(std::move(values));
  return t;
}

const void* Tensor::aligned_copy() const {
  if (bytes() == 0) return nullptr;
  std::call_once(unaligned_->once, [this] {
    auto copy = allocate(bytes());
    std::memcpy(copy.get(), data_, static_cast<size_t>(bytes()));
    unaligned_->bytes = std::move(copy);
  });
  return unaligned_->bytes.get();
}

void* Tensor::mutable_data() {
  if (bytes() == 0) return nullptr;
  if (!owned_ || owner_.use_count() != 1) {
    auto copy = allocate(bytes());
    std::memcpy(copy.get(), data_, static_cast<size_t>(bytes()));
    data_ = copy.get();
    owner_ = std::move(copy);
    owned_ = true;
    unaligned_ = nullptr;
  }
  return const_cast<void*>(data_);
}

double Tensor::at(int64_t i) const {
  assert(i >= 0 && i < count());
  return load_element(dtype_, static_cast<const std::byte*>(data_), i);
}

int64_t Tensor::int_at(int64_t i) const {
  assert(i >= 0 && i < count());
  return load_element_int(dtype_, static_cast<const std::byte*>(data_), i);
}

void Tensor::set(int64_t i, double value) {
  assert(i >= 0 && i < count());
  store_element(dtype_, static_cast<std::byte*>(mutable_data()), i, value);
}

Tensor Tensor::reshaped(Dims dims) const {
  assert(element_count(dims) == count());
  Tensor t = *this;
  t.dims_ = std::move(dims);
  return t;
}

bool identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return false;
  if (a.dtype() == DType::none) return true;
  if (a.dtype() == DType::string) return a.as_strings() == b.as_strings();
  return a.bytes() == 0 || std::memcmp(a.raw_bytes().data(), b.raw_bytes().data(),
                                       static_cast<size_t>(a.bytes())) == 0;
}

std::vector<int64_t> to_ints(const Tensor& t) {
  std::vector<int64_t> values(static_cast<size_t>(t.count()));
  const std::byte* data = t.raw_bytes().data();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = load_element_int(t.dtype(), data, static_cast<int64_t>(i));
  }
  return values;
}

std::vector<double> to_doubles(const Tensor& t) {
  std::vector<double> values(static_cast<size_t>(t.count()));
  const std::byte* data = t.raw_bytes().data();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = load_element(t.dtype(), data, static_cast<int64_t>(i));
  }
  return values;
}

}  // namespace hone
