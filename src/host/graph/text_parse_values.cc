#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "common/base/checked.h"
#include "host/graph/text_cursor.h"

namespace hone::graph {
namespace {

constexpr int max_type_nesting = 16;

template <class T>
bool read_number(std::string_view s, T* v) {
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), *v);
  return !s.empty() && error == std::errc() && end == s.data() + s.size();
}

// Elements between '[' and ']', read one by one with `next`.
template <class T, class Next>
Result<std::vector<T>> list(TextCursor& c, Next next) {
  if (!c.accept("[")) return c.fail("'[' is missing");
  std::vector<T> items;
  while (!c.accept("]")) {
    if (!items.empty() && !c.accept(",")) return c.fail("',' or ']' is missing");
    auto item = next(c);
    if (!item.ok()) return item.status();
    items.push_back(std::move(item).value());
  }
  return items;
}

template <class T>
Result<T> decimal(TextCursor& c) {
  const size_t start = c.position();
  T v = 0;
  if (read_number(c.number(), &v)) return v;
  c.rewind(start);
  return c.fail("a number of the type is missing");
}

template <class T>
Result<Tensor> number_list(TextCursor& c, Dims dims) {
  HONE_ASSIGN(const std::vector<T> items, list<T>(c, decimal<T>));
  if (static_cast<int64_t>(items.size()) != element_count(dims)) {
    return c.fail(std::to_string(items.size()) + " elements for shape " + hone::to_string(dims));
  }
  return Tensor::of<T>(std::move(dims), std::span<const T>(items));
}

Result<Tensor> bool_list(TextCursor& c, Dims dims) {
  HONE_ASSIGN(Tensor bytes, number_list<uint8_t>(c, dims));
  Tensor t(DType::boolean, std::move(dims));
  auto* out = static_cast<uint8_t*>(t.mutable_data());
  for (int64_t i = 0; i < t.count(); ++i) out[i] = bytes.int_at(i) != 0;
  return t;
}

Result<Tensor> string_list(TextCursor& c, Dims dims) {
  HONE_ASSIGN(auto items, list<std::string>(c, [](TextCursor& x) { return x.string(); }));
  if (static_cast<int64_t>(items.size()) != element_count(dims)) {
    return c.fail(std::to_string(items.size()) + " strings for shape " + hone::to_string(dims));
  }
  return Tensor::strings(std::move(dims), std::move(items));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
std::string_view hex(TextCursor& c) {
  return c.take_while([](char x) { return hex_digit(x) >= 0; });
}

Result<Tensor> hex_data(TextCursor& c, DType dtype, Dims dims) {
  const std::string_view digits = hex(c);
  const int64_t bytes = byte_size(dtype, element_count(dims));
  if (dtype == DType::string || static_cast<uint64_t>(bytes) != digits.size() / 2 ||
      digits.size() % 2 != 0) {
    return c.fail(std::to_string(digits.size()) + " hexadecimal digits for " + name(dtype) +
                  hone::to_string(dims));
  }
  Tensor t(dtype, std::move(dims));
  auto* out = static_cast<uint8_t*>(t.mutable_data());
  for (size_t i = 0; i < digits.size(); i += 2) {
    out[i / 2] = static_cast<uint8_t>(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1]));
  }
  return t;
}

Result<Tensor> parse_tensor(TextCursor& c) {
  HONE_ASSIGN(const DType dtype, parse_dtype(c));
  if (dtype == DType::none) return Tensor();
  HONE_ASSIGN(Dims dims, parse_dims(c));
  return parse_tensor_data(c, dtype, std::move(dims));
}

// A float attribute: with a point or an exponent, or float(bits).
Result<float> float_attribute(TextCursor& c) {
  if (!c.accept_word("float")) return decimal<float>(c);
  if (!c.accept("(")) return c.fail("'(' is missing");
  const std::string_view digits = hex(c);
  if (digits.size() != 8 || !c.accept(")")) return c.fail("8 hexadecimal digits are missing");
  uint32_t bits = 0;
  for (char d : digits) bits = bits << 4 | static_cast<uint32_t>(hex_digit(d));
  float v;
  std::memcpy(&v, &bits, sizeof(v));
  return v;
}

bool is_float_next(TextCursor& c) {
  const size_t start = c.position();
  const bool result =
      c.accept_word("float") || c.number().find_first_of(".eE") != std::string_view::npos;
  c.rewind(start);
  return result;
}

Result<Attr> list_attribute(TextCursor& c) {
  const size_t start = c.position();
  c.accept("[");
  const char first = c.peek();
  const bool tensors = c.accept_word("tensor");
  const bool floats = is_float_next(c);
  c.rewind(start);
  if (tensors) {
    HONE_ASSIGN(auto v, list<Tensor>(c, [](TextCursor& x) -> Result<Tensor> {
                  if (!x.accept_word("tensor")) return x.fail("'tensor' is missing");
                  return parse_tensor(x);
                }));
    return Attr(std::move(v));
  }
  if (first == '"') {
    HONE_ASSIGN(auto v, list<std::string>(c, [](TextCursor& x) { return x.string(); }));
    return Attr(std::move(v));
  }
  if (floats) {
    HONE_ASSIGN(auto v, list<float>(c, float_attribute));
    return Attr(std::move(v));
  }
  HONE_ASSIGN(auto v, list<int64_t>(c, [](TextCursor& x) { return x.integer(); }));
  return Attr(std::move(v));
}

Result<model::DimProto> dim_proto(TextCursor& c) {
  model::DimProto d;
  if (c.accept("?")) return d;
  if (c.peek() == '"') {
    HONE_ASSIGN(d.symbol, c.string());
    return d;
  }
  HONE_ASSIGN(d.size, c.integer());
  if (d.size < 0) return c.fail("negative dimension");
  return d;
}

Result<model::TypeProto> parse_type(TextCursor& c, int nesting) {
  using Kind = model::TypeProto::Kind;
  if (nesting > max_type_nesting) return c.fail("type nested too deeply");
  model::TypeProto type;
  if (c.accept_word("none")) return type;
  constexpr std::pair<const char*, Kind> kinds[] = {{"tensor", Kind::tensor},
                                                    {"sparse", Kind::sparse_tensor},
                                                    {"sequence", Kind::sequence},
                                                    {"optional", Kind::optional},
                                                    {"map", Kind::map}};
  for (const auto& [word, kind] : kinds) {
    if (type.kind == Kind::none && c.accept_word(word)) type.kind = kind;
  }
  if (type.kind == Kind::none || !c.accept("(")) return c.fail("a type is missing");
  const bool tensor = type.kind == Kind::tensor || type.kind == Kind::sparse_tensor;
  if (tensor || type.kind == Kind::map) {
    HONE_ASSIGN(type.dtype, parse_dtype(c));
  }
  if (tensor && c.peek() == '[') {
    type.has_shape = true;
    HONE_ASSIGN(type.shape, list<model::DimProto>(c, dim_proto));
  }
  if (type.kind == Kind::map && !c.accept(",")) return c.fail("',' is missing");
  if (!tensor) {
    HONE_ASSIGN(auto element, parse_type(c, nesting + 1));
    type.element = std::make_shared<const model::TypeProto>(std::move(element));
  }
  if (!c.accept(")")) return c.fail("')' is missing");
  return type;
}

Result<Attr> empty_list(TextCursor& c, Attr value) {
  if (!c.accept("[") || !c.accept("]")) return c.fail("'[]' is missing");
  return value;
}

}  // namespace

std::optional<DType> accept_dtype(TextCursor& c) {
  const size_t start = c.position();
  const std::string_view word = c.identifier();
  for (int i = 0; i < dtype_count; ++i) {
    if (word == name(static_cast<DType>(i))) return static_cast<DType>(i);
  }
  c.rewind(start);
  return std::nullopt;
}

Result<DType> parse_dtype(TextCursor& c) {
  if (const auto dtype = accept_dtype(c)) return *dtype;
  return c.fail("an element type (f32, i64, ...) is missing");
}

Result<Dims> parse_dims(TextCursor& c) {
  HONE_ASSIGN(Dims dims, list<int64_t>(c, [](TextCursor& x) { return x.integer(); }));
  // As in ONNX files: any dimension may be 0, the others must fit all the same, in bits too.
  int64_t elements = 1;
  for (int64_t d : dims) {
    if (d < 0) return c.fail("negative dimension");
    if (mul_overflows(elements, std::max<int64_t>(d, 1), &elements) || elements > INT64_MAX / 128) {
      return c.fail("tensor too large");
    }
  }
  return dims;
}

Result<Tensor> parse_tensor_data(TextCursor& c, DType dtype, Dims dims) {
  if (dtype == DType::none) return c.fail("a tensor without a type");
  if (c.accept("...")) return c.fail("this text was printed without its weights");
  if (c.accept("0x")) return hex_data(c, dtype, std::move(dims));
  switch (dtype) {
    case DType::string: return string_list(c, std::move(dims));
    case DType::boolean: return bool_list(c, std::move(dims));
    case DType::f32: return number_list<float>(c, std::move(dims));
    case DType::f64: return number_list<double>(c, std::move(dims));
    case DType::i8: return number_list<int8_t>(c, std::move(dims));
    case DType::u8: return number_list<uint8_t>(c, std::move(dims));
    case DType::i16: return number_list<int16_t>(c, std::move(dims));
    case DType::u16: return number_list<uint16_t>(c, std::move(dims));
    case DType::i32: return number_list<int32_t>(c, std::move(dims));
    case DType::u32: return number_list<uint32_t>(c, std::move(dims));
    case DType::i64: return number_list<int64_t>(c, std::move(dims));
    default: break;
  }
  if (element_count(dims) == 0 && c.accept("[") && c.accept("]")) {
    return Tensor(dtype, std::move(dims));
  }
  return c.fail(std::string("elements of type ") + name(dtype) + " are written as 0x...");
}

Result<Attr> parse_attribute(TextCursor& c) {
  if (c.peek() == '[') return list_attribute(c);
  if (c.peek() == '"') {
    HONE_ASSIGN(std::string s, c.string());
    return Attr(std::move(s));
  }
  if (c.accept_word("tensor")) {
    HONE_ASSIGN(Tensor t, parse_tensor(c));
    return Attr(std::move(t));
  }
  if (c.accept_word("type")) {
    HONE_ASSIGN(auto type, parse_type(c, 0));
    return Attr(std::move(type));
  }
  if (c.accept_word("ints")) return empty_list(c, std::vector<int64_t>());
  if (c.accept_word("floats")) return empty_list(c, std::vector<float>());
  if (c.accept_word("strings")) return empty_list(c, std::vector<std::string>());
  if (c.accept_word("tensors")) return empty_list(c, std::vector<Tensor>());
  if (is_float_next(c)) {
    HONE_ASSIGN(const float v, float_attribute(c));
    return Attr(v);
  }
  HONE_ASSIGN(const int64_t v, c.integer());
  return Attr(v);
}

Result<Fact> parse_fact(TextCursor& c) {
  Fact f;
  if (c.accept_word("sequence")) f.kind = Fact::Kind::sequence;
  if (c.accept_word("optional")) f.kind = Fact::Kind::optional;
  const bool wrapped = f.kind != Fact::Kind::tensor;
  if (wrapped && !c.accept("(")) return c.fail("'(' is missing");
  const bool map = c.accept_word("map");
  if (map) {
    if (!wrapped) f.kind = Fact::Kind::map;
    if (!c.accept("(")) return c.fail("'(' is missing");
    HONE_ASSIGN(f.key, parse_dtype(c));
    if (f.key == DType::none || !c.accept(","))
      return c.fail("a map has a key's type and a value's");
  }
  HONE_ASSIGN(f.dtype, parse_dtype(c));
  const size_t start = c.position();
  if (!c.accept("[") || !c.accept("...") || !c.accept("]")) {
    c.rewind(start);
    HONE_ASSIGN(f.shape, list<Dim>(c, [](TextCursor& x) { return x.dim(); }));
  }
  if (c.accept("={")) {
    f.content.emplace();
    while (!c.accept("}")) {
      if (!f.content->empty() && !c.accept(",")) return c.fail("',' or '}' is missing");
      HONE_ASSIGN(Dim d, c.dim());
      f.content->push_back(std::move(d));
    }
    if (f.content->size() > max_content) return c.fail("more content than is ever known");
  }
  if (map && !c.accept(")")) return c.fail("')' is missing");
  if (wrapped && !c.accept(")")) return c.fail("')' is missing");
  return f;
}

}  // namespace hone::graph
