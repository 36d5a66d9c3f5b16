// NumPy's .npy: magic, version, a Python dictionary as text, the elements.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/base/checked.h"
#include "host/model/onnx.h"
#include "host/model/pb_message.h"
#include "host/model/sniff.h"
#include "host/model/tensor_files.h"

namespace hone::model {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
// NumPy itself refuses headers above 10,000 bytes.
constexpr uint32_t longest_header = 65536;

struct Header {
  DType type = DType::none;
  bool big_endian = false;
  bool fortran = false;
  Dims dims;
};

struct TypeCode {
  char kind;
  int bytes;
  DType type;
};
constexpr TypeCode type_codes[] = {
    {'b', 1, DType::boolean}, {'i', 1, DType::i8},   {'i', 2, DType::i16}, {'i', 4, DType::i32},
    {'i', 8, DType::i64},     {'u', 1, DType::u8},   {'u', 2, DType::u16}, {'u', 4, DType::u32},
    {'u', 8, DType::u64},     {'f', 2, DType::f16},  {'f', 4, DType::f32}, {'f', 8, DType::f64},
    {'c', 8, DType::c64},     {'c', 16, DType::c128}};

// The dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Header parse() {
    Header h;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        has_descr = true;
        descr(&h);
      } else if (key == "fortran_order") {
        has_order = true;
        h.fortran = boolean();
      } else if (key == "shape") {
        has_shape = true;
        shape(&h.dims);
      } else {
        fail(Code::corrupt, fmt::format("header key {} is not known", quote(key)));
      }
      if (!accept(',') && peek() != '}') bad();
    }
    if (peek() != '\0' || !has_descr || !has_order || !has_shape) bad();
    return h;
  }

 private:
  [[noreturn]] void bad() const {
    fail(Code::corrupt, fmt::format("header is not understood near byte {}", at_));
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad();
  }
  std::string_view string() {
    const char delimiter = peek();
    if (delimiter != '\'' && delimiter != '"') bad();
    const size_t end = text_.find(delimiter, ++at_);
    if (end == std::string_view::npos) bad();
    const std::string_view s = text_.substr(at_, end - at_);
    at_ = end + 1;
    return s;
  }
  bool boolean() {
    peek();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      const size_t n = std::strlen(word);
      if (text_.substr(at_, n) == word) {
        at_ += n;
        return value;
      }
    }
    bad();
  }
  void shape(Dims* dims) {
    dims->clear();
    expect('(');
    while (!accept(')')) {
      peek();
      int64_t d = -1;
      const char* begin = text_.data() + at_;
      const auto [end, failure] = std::from_chars(begin, text_.data() + text_.size(), d);
      if (failure != std::errc() || d < 0) bad();
      at_ += static_cast<size_t>(end - begin);
      accept('L');  // Python 2 wrote long integers so
      if (static_cast<int64_t>(dims->size()) >= limits::rank) {
        fail(Code::unsupported, fmt::format("more than {} dimensions", limits::rank));
      }
      dims->push_back(d);
      if (!accept(',') && peek() != ')') bad();
    }
  }
  void descr(Header* h) {
    if (peek() == '[') fail(Code::unsupported, "structured arrays are not tensors; save one field");
    const std::string_view code = string();
    const bool has_order = !code.empty() && std::strchr("<>|=", code[0]) != nullptr;
    const std::string_view rest = code.substr(has_order ? 1 : 0);
    h->big_endian = has_order && code[0] == '>';
    for (const TypeCode& t : type_codes) {
      if (rest == fmt::format("{}{}", t.kind, t.bytes)) h->type = t.type;
    }
    if (rest == "O")
      fail(Code::unsupported, "Python objects are not tensors; save an array of numbers");
    if (h->type == DType::none)
      fail(Code::unsupported,
           "arrays of type " + quote(code) + " are not read; give numbers or truth values");
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Reads magic and header; the cursor is then at the elements.
Header read_header(ByteCursor& cursor, Bytes bytes) {
  Bytes begin;
  uint8_t major = 0, minor = 0;
  if (!cursor.take(magic.size(), &begin) ||
      std::memcmp(begin.data(), magic.data(), magic.size()) != 0) {
    const std::string what = describe_content(bytes);
    fail(Code::corrupt,
         what.empty() ? "not a .npy file" : fmt::format("not a .npy file (it is {})", what));
  }
  uint32_t length = 0;
  uint16_t short_length = 0;
  bool whole = cursor.read(&major) && cursor.read(&minor);
  if (whole && (major < 1 || major > 3)) {
    fail(Code::unsupported, fmt::format(".npy version {}.{}", major, minor));
  }
  whole = whole && (major == 1 ? cursor.read(&short_length) : cursor.read(&length));
  if (major == 1) length = short_length;
  if (whole && length > longest_header) {
    fail(Code::unsupported, fmt::format("a header of {} bytes", length));
  }
  Bytes text;
  if (!whole || !cursor.take(length, &text)) fail(Code::corrupt, "truncated in its header");
  return HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}).parse();
}

int64_t checked_bytes(const Header& h) {
  int64_t count = 1, all = 1;
  for (int64_t d : h.dims) {
    if (mul_overflows(all, std::max<int64_t>(d, 1), &all) || all > INT64_MAX / 128) {
      fail(Code::corrupt, fmt::format("shape {} has too many elements", to_string(h.dims)));
    }
    count *= d;
  }
  return byte_size(h.type, count);
}

void swap_bytes(Tensor* t) {
  const size_t size = static_cast<size_t>(bits(t->dtype()) / (is_complex(t->dtype()) ? 16 : 8));
  auto* data = static_cast<std::byte*>(t->mutable_data());
  const auto total = static_cast<size_t>(t->bytes());
  for (size_t at = 0; at < total; at += size) std::reverse(data + at, data + at + size);
}

// The elements of column-major `t`, which has the final dims, in row-major order.
Tensor from_fortran(const Tensor& t) {
  const Dims& dims = t.dims();
  const auto size = static_cast<size_t>(bits(t.dtype()) / 8);
  Tensor out(t.dtype(), dims);
  const std::byte* from = t.raw_bytes().data();
  auto* to = static_cast<std::byte*>(out.mutable_data());
  Dims stride(dims.size(), 1), index(dims.size(), 0);
  for (size_t d = 1; d < dims.size(); ++d) stride[d] = stride[d - 1] * dims[d - 1];
  int64_t source = 0;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    std::memcpy(to + static_cast<size_t>(i) * size, from + static_cast<size_t>(source) * size,
                size);
    for (size_t d = dims.size(); d-- > 0;) {
      source += stride[d];
      if (++index[d] < dims[d]) break;
      source -= stride[d] * dims[d];
      index[d] = 0;
    }
  }
  return out;
}

Tensor read_array(Bytes bytes, std::shared_ptr<const void> owner) {
  ByteCursor cursor(bytes);
  const Header h = read_header(cursor, bytes);
  const int64_t expected = checked_bytes(h);
  const size_t found = cursor.remaining();
  Bytes data;
  if (!cursor.take(static_cast<uint64_t>(expected), &data)) {
    fail(Code::corrupt, fmt::format("truncated: {}{} has {} bytes, {} remain", name(h.type),
                                    to_string(h.dims), expected, found));
  }
  if (cursor.remaining() > 0) {
    fail(Code::corrupt, fmt::format("{} bytes more than {}{} has", cursor.remaining(), name(h.type),
                                    to_string(h.dims)));
  }
  if (h.type == DType::boolean &&
      std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; })) {
    fail(Code::corrupt, "a bool that is neither 0 nor 1");
  }
  Tensor t = Tensor::view(h.type, h.dims, data.data(), std::move(owner));
  if (expected == 0) return t;
  if (h.big_endian) swap_bytes(&t);
  return h.fortran && h.dims.size() > 1 ? from_fortran(t) : t;
}

}  // namespace

Result<Tensor> parse_npy(Bytes bytes, std::shared_ptr<const void> owner) {
  return guarded([&]() -> Result<Tensor> {
    if (bytes.empty()) return corrupt("empty file");
    return read_array(bytes, std::move(owner));
  });
}

Result<NpyHeader> parse_npy_header(Bytes bytes) {
  return guarded([&]() -> Result<NpyHeader> {
    if (bytes.empty()) return corrupt("empty file");
    ByteCursor cursor(bytes);
    Header h = read_header(cursor, bytes);
    const int64_t data_bytes = checked_bytes(h);
    return NpyHeader{h.type,    h.big_endian, h.fortran, std::move(h.dims), cursor.position(),
                     data_bytes};
  });
}

Result<std::vector<std::byte>> format_npy(const Tensor& t) {
  const TypeCode* code = std::find_if(std::begin(type_codes), std::end(type_codes),
                                      [&](const TypeCode& c) { return c.type == t.dtype(); });
  if (code == std::end(type_codes)) {
    return unsupported(fmt::format("NumPy has no type {}; write it as .pb", name(t.dtype())));
  }
  std::string shape;
  for (int64_t d : t.dims()) shape += fmt::format("{}, ", d);
  // One-tuples keep their comma, longer ones lose it, as Python prints them.
  if (!shape.empty()) shape.resize(shape.size() - (t.rank() == 1 ? 1 : 2));
  std::string header = fmt::format("{{'descr': '{}{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                   code->bytes == 1 ? '|' : '<', code->kind, code->bytes, shape);
  // Magic, version, length; padded so that the elements begin at a multiple of 64.
  const size_t prefix = magic.size() + 4;
  const auto unpadded = static_cast<int64_t>(prefix + header.size() + 1);
  header.append(static_cast<size_t>(round_up(unpadded, 64) - unpadded), ' ');
  header += '\n';
  std::string begin(magic);
  begin += '\x01';
  begin += '\0';
  begin += static_cast<char>(header.size() & 255);
  begin += static_cast<char>(header.size() >> 8);
  begin += header;
  std::vector<std::byte> out(begin.size() + static_cast<size_t>(t.bytes()));
  std::memcpy(out.data(), begin.data(), begin.size());
  const auto data = t.raw_bytes();
  std::copy(data.begin(), data.end(), out.begin() + static_cast<std::ptrdiff_t>(begin.size()));
  return out;
}

}  // namespace hone::model
