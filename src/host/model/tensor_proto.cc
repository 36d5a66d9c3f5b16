#include "host/model/tensor_proto.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/base/checked.h"
#include "host/model/onnx.h"
#include "host/model/onnx_fields.h"
#include "host/model/pb_message.h"

namespace hone::model {
namespace {

namespace f = field::tensor;

struct ExternalEntry {
  std::string location;
  int64_t offset = 0;
  std::optional<int64_t> length;
};

// Everything but the elements in typed fields, which a second walk reads once the type is known.
struct Header {
  std::string name;
  Dims dims;
  int64_t type = 0;
  Bytes raw;
  bool is_external = false;
  ExternalEntry external;
  uint32_t typed = 0;  // bit n: the field of number n has elements
};

int64_t parse_decimal(const std::string& text, const char* what) {
  int64_t value = -1;
  const char* end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || at != end || value < 0) {
    fail(Code::corrupt,
         fmt::format("external data: {} {} is not a number of bytes", what, quote(text)));
  }
  return value;
}

void parse_external_entry(PbMessage m, ExternalEntry* out) {
  std::string key, value;
  while (m.next()) {
    switch (m.tag()) {
      case field::entry::key: key = m.name("key of external data"); break;
      case field::entry::value: value = m.name("value of external data"); break;
      default: m.skip();
    }
  }
  if (key == "location") out->location = value;
  if (key == "offset") out->offset = parse_decimal(value, "offset");
  if (key == "length") out->length = parse_decimal(value, "length");
}

void parse_dims(PbMessage& m, Dims* dims) {
  m.each_varint("dims", [&](uint64_t d) {
    if (static_cast<int64_t>(dims->size()) >= limits::rank) {
      fail(Code::unsupported, fmt::format("more than {} dimensions", limits::rank));
    }
    dims->push_back(static_cast<int64_t>(d));
  });
}

Header parse_header(PbMessage m) {
  Header h;
  while (m.next()) {
    switch (m.tag()) {
      case f::dims: parse_dims(m, &h.dims); break;
      case f::data_type: h.type = m.integer("data_type"); break;
      case f::segment: fail(Code::unsupported, "a tensor in segments");
      case f::name: h.name = m.name("name"); break;
      case f::raw_data: h.raw = m.bytes("raw_data"); break;
      case f::external_data: parse_external_entry(m.message("external_data"), &h.external); break;
      case f::data_location: h.is_external = m.integer("data_location") == 1; break;
      case f::float_data:
      case f::int32_data:
      case f::string_data:
      case f::int64_data:
      case f::double_data:
      case f::uint64_data:
        h.typed |= 1u << m.tag();
        m.skip();
        break;
      default: m.skip();
    }
  }
  return h;
}

// Any dimension may be 0: the product of the others must fit as well.
void check_dims(const Dims& dims) {
  int64_t all = 1;
  for (int64_t d : dims) {
    if (d < 0) fail(Code::corrupt, fmt::format("dimension {} of {}", d, to_string(dims)));
    // 128 bits are the widest element; the size in bits must fit as well.
    if (mul_overflows(all, std::max<int64_t>(d, 1), &all) || all > INT64_MAX / 128) {
      fail(Code::corrupt, fmt::format("shape {} has too many elements", to_string(dims)));
    }
  }
}

uint32_t typed_field(DType t) {
  switch (t) {
    case DType::f32:
    case DType::c64: return f::float_data;
    case DType::f64:
    case DType::c128: return f::double_data;
    case DType::i64: return f::int64_data;
    case DType::u32:
    case DType::u64: return f::uint64_data;
    case DType::string: return f::string_data;
    default: return f::int32_data;
  }
}

const char* typed_field_name(uint32_t number) {
  switch (number) {
    case f::float_data: return "float_data";
    case f::double_data: return "double_data";
    case f::int64_data: return "int64_data";
    case f::uint64_data: return "uint64_data";
    case f::string_data: return "string_data";
    default: return "int32_data";
  }
}

// One entry of int32_data or uint64_data in the `width` low bytes it stands for. A type of 8 or 16
// bits may come signed or unsigned: exporters do both.
void store_narrow(DType t, int width, uint64_t value, std::byte* out) {
  if (t == DType::u32) {
    if (value > UINT32_MAX) fail(Code::corrupt, fmt::format("{} does not fit u32", value));
  } else {
    const auto v = static_cast<int64_t>(static_cast<int32_t>(value));
    const int64_t half = int64_t{1} << (8 * width - 1);
    if (width < 4 && (v < -half || v >= 2 * half)) {
      fail(Code::corrupt, fmt::format("{} does not fit {}", v, name(t)));
    }
    value = t == DType::boolean ? static_cast<uint64_t>(v != 0) : static_cast<uint64_t>(v);
  }
  std::memcpy(out, &value, static_cast<size_t>(width));
}

class TypedReader {
 public:
  TypedReader(Bytes message, DType type, Dims dims)
      : message_(message), type_(type), dims_(std::move(dims)), count_(element_count(dims_)) {}

  Tensor read() {
    const uint32_t number = typed_field(type_);
    // Packed sub-byte types have an entry a byte, complex ones an entry for each part.
    const bool bytewise = bits(type_) < 8 || type_ == DType::boolean;
    width_ = bytewise ? 1 : bits(type_) / (is_complex(type_) ? 16 : 8);
    entries_ = byte_size(type_, count_) / width_;
    // An entry takes a byte of file at least: nothing larger is allocated.
    if (entries_ > static_cast<int64_t>(message_.size())) wrong_count();
    tensor_ = Tensor(type_, dims_);
    out_ = static_cast<std::byte*>(tensor_.mutable_data());
    for (PbMessage m(message_); m.next();) {
      if (m.tag() == number) {
        read_field(m, number);
      } else {
        m.skip();
      }
    }
    if (at_ != entries_) wrong_count();
    return std::move(tensor_);
  }

 private:
  void read_field(PbMessage& m, uint32_t number) {
    if (number == f::float_data) {
      m.each_fixed<float>("float_data", [&](float v) { std::memcpy(slot(), &v, sizeof(v)); });
    } else if (number == f::double_data) {
      m.each_fixed<double>("double_data", [&](double v) { std::memcpy(slot(), &v, sizeof(v)); });
    } else if (width_ == 8) {
      m.each_varint("int64_data", [&](uint64_t v) { std::memcpy(slot(), &v, sizeof(v)); });
    } else {
      m.each_varint("int32_data", [&](uint64_t v) { store_narrow(type_, width_, v, slot()); });
    }
  }

  std::byte* slot() {
    if (at_ >= entries_) {
      fail(Code::corrupt,
           fmt::format("more than the {} elements of its shape {}", count_, to_string(dims_)));
    }
    return out_ + width_ * at_++;
  }

  [[noreturn]] void wrong_count() const {
    fail(Code::corrupt, fmt::format("{}{} needs {} entries of data, {} found", name(type_),
                                    to_string(dims_), entries_, at_));
  }

  Bytes message_;
  DType type_;
  Dims dims_;
  int64_t count_, entries_ = 0, at_ = 0;
  int width_ = 0;
  Tensor tensor_;
  std::byte* out_ = nullptr;
};

Tensor read_strings(Bytes message, Dims dims) {
  const int64_t count = element_count(dims);
  std::vector<std::string> values;
  for (PbMessage m(message); m.next();) {
    if (m.tag() == f::string_data && static_cast<int64_t>(values.size()) <= count) {
      values.push_back(m.string("string_data"));
    } else {
      m.skip();
    }
  }
  if (static_cast<int64_t>(values.size()) != count) {
    fail(Code::corrupt,
         fmt::format("string{} needs {} strings, {} found", to_string(dims), count, values.size()));
  }
  return Tensor::strings(std::move(dims), std::move(values));
}

Tensor make_view(DType type, Dims dims, Bytes bytes, std::shared_ptr<const void> owner) {
  const int64_t expected = byte_size(type, element_count(dims));
  if (static_cast<int64_t>(bytes.size()) != expected) {
    fail(Code::corrupt, fmt::format("{}{} needs {} bytes of data, {} found", name(type),
                                    to_string(dims), expected, bytes.size()));
  }
  // Any other value in a C++ bool is undefined behaviour.
  if (type == DType::boolean &&
      std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; })) {
    fail(Code::corrupt, "a bool that is neither 0 nor 1");
  }
  return Tensor::view(type, std::move(dims), bytes.data(), std::move(owner));
}

Tensor read_external(const Header& h, DType type, ExternalFiles* files) {
  if (type == DType::string) fail(Code::corrupt, "strings as external data");
  if (files == nullptr) fail(Code::unsupported, "external data outside a model");
  const int64_t expected = byte_size(type, element_count(h.dims));
  if (h.external.length.value_or(expected) != expected) {
    fail(Code::corrupt, fmt::format("{}{} needs {} bytes of data, external data claim {}",
                                    name(type), to_string(h.dims), expected, *h.external.length));
  }
  std::shared_ptr<const void> owner;
  const Bytes bytes = files->view(h.external.location, h.external.offset, expected, &owner);
  return make_view(type, h.dims, bytes, std::move(owner));
}

Tensor read_data(const Header& h, Bytes message, const std::shared_ptr<const void>& owner,
                 ExternalFiles* external) {
  const DType type = checked_dtype(h.type);
  if (type == DType::none) fail(Code::corrupt, "no element type");
  check_dims(h.dims);
  if (h.is_external) return read_external(h, type, external);
  const uint32_t number = typed_field(type);
  if ((h.typed & ~(1u << number)) != 0) {
    fail(Code::corrupt, fmt::format("{} data outside {}", name(type), typed_field_name(number)));
  }
  if (!h.raw.empty() && (h.typed != 0 || type == DType::string)) {
    fail(Code::corrupt,
         fmt::format("{} data both in raw_data and in {}", name(type), typed_field_name(number)));
  }
  if (type == DType::string) return read_strings(message, h.dims);
  if (h.typed != 0) return TypedReader(message, type, h.dims).read();
  return make_view(type, h.dims, h.raw, owner);
}

}  // namespace

DType checked_dtype(int64_t number) {
  if (number < 0 || number >= dtype_count) {
    fail(Code::unsupported, fmt::format("element type {} is not known to this version", number));
  }
  return static_cast<DType>(number);
}

void parse_tensor(Bytes bytes, const std::shared_ptr<const void>& owner, ExternalFiles* external,
                  NamedTensor* out) {
  Header h = parse_header(PbMessage(bytes));
  out->name = std::move(h.name);
  out->tensor = read_data(h, bytes, owner, external);
}

}  // namespace hone::model
