#include "host/ops/ref_util.h"

#include <algorithm>
#include <cstring>

#include "common/base/checked.h"
#include "host/model/element.h"

namespace hone::ops {
namespace {

// More is a mistake or an attack: the largest tensors of real models are a tenth of it.
constexpr int64_t max_reference_bytes = int64_t{4} << 30;

void store_bits(DType t, std::byte* base, int64_t i, uint64_t value) {
  const int width = bits(t);
  if (t == DType::boolean) value = value != 0;
  if (width >= 8) {
    std::memcpy(base + i * (width / 8), &value, static_cast<size_t>(width / 8));
    return;
  }
  const int per_byte = 8 / width;
  const int shift = static_cast<int>(i % per_byte) * width;
  const unsigned mask = ((1u << width) - 1) << shift;
  auto byte = static_cast<unsigned>(base[i / per_byte]);
  byte = (byte & ~mask) | ((static_cast<unsigned>(value) << shift) & mask);
  base[i / per_byte] = static_cast<std::byte>(byte);
}

void need_number(DType t) {
  if (!is_float(t) && !is_integer(t) && t != DType::boolean) throw NotANumber{t};
}

}  // namespace

Status check_size(DType dtype, const Dims& dims) {
  int64_t bytes = std::max(bits(dtype), 8) / 8;
  bool fits = true, empty = false;
  for (int64_t d : dims) {
    if (d < 0) return invalid(fmt::format("the result would have the shape {}", to_string(dims)));
    // An empty tensor's other sizes have to multiply too: strides are made of them.
    empty |= d == 0;
    fits &= d == 0 || !mul_overflows(bytes, d, &bytes);
  }
  if (fits && (empty || bytes <= max_reference_bytes)) return {};
  return error(Code::out_of_memory, fmt::format("a {} tensor of shape {} is too large to compute",
                                                name(dtype), to_string(dims)));
}

Result<Tensor> make_tensor(DType dtype, const Dims& dims) {
  HONE_RETURN_IF_ERROR(check_size(dtype, dims));
  return Tensor(dtype, dims);
}

Dims row_major_strides(const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t d = dims.size(); d-- > 0; stride *= dims[d]) strides[d] = stride;
  return strides;
}

Dims broadcast_strides(const Dims& in, const Dims& out) {
  const Dims dense = row_major_strides(in);
  Dims strides(out.size(), 0);
  const size_t skip = out.size() - in.size();
  for (size_t d = 0; d < in.size(); ++d) {
    if (in[d] != 1) strides[skip + d] = dense[d];
  }
  return strides;
}

Result<Dims> broadcast_dims(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims out = longer;
  const size_t skip = longer.size() - shorter.size();
  for (size_t d = 0; d < shorter.size(); ++d) {
    int64_t& size = out[skip + d];
    if (size == 1) {
      size = shorter[d];
    } else if (shorter[d] != 1 && shorter[d] != size) {
      return error(Code::shape_mismatch,
                   fmt::format("shapes {} and {} cannot be broadcast", to_string(a), to_string(b)));
    }
  }
  return out;
}

Lines lines_of(const Dims& dims, int axis) {
  const auto at = static_cast<size_t>(axis);
  const std::span<const int64_t> all(dims);
  const int64_t stride = element_count(all.subspan(at + 1));
  return {dims[at], stride, element_count(all.first(at)) * stride};
}

template <class W>
std::vector<W> load(const Tensor& t) {
  need_number(t.dtype());
  std::vector<W> values(static_cast<size_t>(t.count()));
  if (std::is_same_v<W, double> && t.dtype() == DType::f32) {
    const std::span<const float> floats = t.as<float>();
    std::copy(floats.begin(), floats.end(), values.begin());
    return values;
  }
  const std::byte* data = t.raw_bytes().data();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if constexpr (std::is_same_v<W, double>) {
      values[i] = load_element(t.dtype(), data, at);
    } else {
      values[i] = static_cast<W>(load_element_int(t.dtype(), data, at));
    }
  }
  return values;
}

template <class W>
Tensor store(DType dtype, Dims dims, const std::vector<W>& values) {
  need_number(dtype);
  Tensor t(dtype, std::move(dims));
  auto* data = static_cast<std::byte*>(t.mutable_data());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if constexpr (std::is_same_v<W, double>) {
      store_element(dtype, data, at, values[i]);
    } else if (is_float(dtype)) {
      store_element(dtype, data, at, static_cast<double>(values[i]));
    } else {
      store_bits(dtype, data, at, static_cast<uint64_t>(values[i]));
    }
  }
  return t;
}

template std::vector<double> load(const Tensor&);
template std::vector<int64_t> load(const Tensor&);
template std::vector<uint64_t> load(const Tensor&);
template Tensor store(DType, Dims, const std::vector<double>&);
template Tensor store(DType, Dims, const std::vector<int64_t>&);
template Tensor store(DType, Dims, const std::vector<uint64_t>&);

std::vector<int64_t> ints_of(const Tensor& t) {
  if (!is_integer(t.dtype()) && t.dtype() != DType::boolean) throw NotANumber{t.dtype()};
  return to_ints(t);
}

double round_to(DType dtype, double value) {
  std::byte cell[16] = {};
  store_element(dtype, cell, 0, value);
  return load_element(dtype, cell, 0);
}

Result<int64_t> scalar_int(const RefContext& ctx, size_t i) {
  const Tensor& t = ctx.in(i);
  if (!is_integer(t.dtype()) || t.count() != 1) {
    return invalid(
        fmt::format("input {} is {} {}, not one integer", i, name(t.dtype()), to_string(t.dims())));
  }
  return t.int_at(0);
}

Mover::Mover(DType dtype, Dims dims) : dtype_(dtype), dims_(std::move(dims)) {
  if (dtype == DType::string) {
    strings_.resize(static_cast<size_t>(element_count(dims_)));
  } else {
    out_ = Tensor(dtype, dims_);
    to_ = static_cast<std::byte*>(out_.mutable_data());
  }
}

void Mover::put(int64_t to, const Tensor& from, int64_t index) {
  if (dtype_ == DType::string) {
    strings_[static_cast<size_t>(to)] = from.as_strings()[static_cast<size_t>(index)];
    return;
  }
  if (source_ != &from) {
    source_ = &from;
    from_ = from.raw_bytes().data();
  }
  const int width = bits(dtype_);
  if (width >= 8) {
    const auto bytes = static_cast<size_t>(width / 8);
    const auto size = static_cast<int64_t>(bytes);
    std::memcpy(to_ + to * size, from_ + index * size, bytes);
    return;
  }
  const int per_byte = 8 / width;
  const auto whole = static_cast<unsigned>(from_[index / per_byte]);
  store_bits(dtype_, to_, to, whole >> ((index % per_byte) * width));
}

Tensor Mover::take() && {
  if (dtype_ == DType::string) return Tensor::strings(dims_, std::move(strings_));
  return std::move(out_);
}

Result<Tensor> strided_copy(const Tensor& in, Dims dims, const Dims& strides, int64_t offset) {
  Walk<1> walk(dims, {strides});
  return gather_elements(in, dims, [&](int64_t) {
    const int64_t at = offset + walk.offset();
    walk.next();
    return at;
  });
}

}  // namespace hone::ops
