#include "host/graph/text_values.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "host/graph/quote.h"

namespace hone::graph {
namespace {

// Shortest text that reads back to the same bits, and never like an integer.
template <class T>
std::string number(T v) {
  std::string s = fmt::format("{}", v);
  if (s.find_first_of(".en") == std::string::npos) s += ".0";
  return s;
}

template <class T>
std::string join(const std::vector<T>& items, const char* kind, std::string (*print)(const T&)) {
  if (items.empty()) return std::string(kind) + "[]";
  std::string s = "[";
  for (const T& item : items) s += (s.size() > 1 ? ", " : "") + print(item);
  return s + "]";
}

std::string float_attribute(const float& v) {
  if (std::isfinite(v)) return number(v);
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof(bits));
  return fmt::format("float({:08x})", bits);
}

template <class T>
bool all_finite(const Tensor& t) {
  for (T v : t.as<T>()) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

bool prints_as_list(const Tensor& t) {
  switch (t.dtype()) {
    case DType::string: return true;
    case DType::f32: return t.count() <= max_list && all_finite<float>(t);
    case DType::f64: return t.count() <= max_list && all_finite<double>(t);
    case DType::boolean: {
      if (t.count() > max_list) return false;
      // A bool that is neither 0 nor 1 in its byte only survives as bytes.
      for (std::byte b : t.raw_bytes()) {
        if (std::to_integer<int>(b) > 1) return false;
      }
      return true;
    }
    case DType::i8: case DType::u8: case DType::i16: case DType::u16:
    case DType::i32: case DType::u32: case DType::i64: return t.count() <= max_list;
    default: return t.count() == 0;
  }
}

std::string element(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case DType::string: return quoted(t.as_strings()[static_cast<size_t>(i)]);
    case DType::f32: return number(t.as<float>()[static_cast<size_t>(i)]);
    case DType::f64: return number(t.as<double>()[static_cast<size_t>(i)]);
    default: return std::to_string(t.int_at(i));
  }
}

std::string tensor_attribute(const Tensor& t, bool weights) {
  if (!t) return "tensor none";
  return fmt::format("tensor {}{} {}", name(t.dtype()), hone::to_string(t.dims()),
                     tensor_data(t, weights));
}

std::string to_string(const model::DimProto& d) {
  if (d.size >= 0) return std::to_string(d.size);
  return d.symbol.empty() ? "?" : quoted(d.symbol);
}

}  // namespace

std::string tensor_data(const Tensor& t, bool weights) {
  if (!weights && t.count() > max_list) return "...";
  if (prints_as_list(t)) {
    std::string s = "[";
    for (int64_t i = 0; i < t.count(); ++i) s += (i > 0 ? ", " : "") + element(t, i);
    return s + "]";
  }
  constexpr char digits[] = "0123456789abcdef";
  const auto bytes = t.raw_bytes();
  std::string s = "0x";
  s.reserve(2 + 2 * bytes.size());
  for (std::byte b : bytes) {
    s += digits[std::to_integer<int>(b) >> 4];
    s += digits[std::to_integer<int>(b) & 15];
  }
  return s;
}

std::string to_string(const model::TypeProto& type) {
  using Kind = model::TypeProto::Kind;
  const auto inner = [&] { return type.element ? to_string(*type.element) : "none"; };
  switch (type.kind) {
    case Kind::none: return "none";
    case Kind::sequence: return "sequence(" + inner() + ")";
    case Kind::optional: return "optional(" + inner() + ")";
    case Kind::map: return fmt::format("map({}, {})", name(type.dtype), inner());
    case Kind::tensor:
    case Kind::sparse_tensor: break;
  }
  std::string s = type.kind == Kind::tensor ? "tensor(" : "sparse(";
  s += name(type.dtype);
  if (type.has_shape) {
    s += "[";
    const char* before = "";
    for (const auto& d : type.shape) {
      s += before + to_string(d);
      before = ", ";
    }
    s += "]";
  }
  return s + ")";
}

std::string to_string(const Attr& attr, bool weights) {
  struct Printer {
    bool weights;
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(float v) const { return float_attribute(v); }
    std::string operator()(const std::string& v) const { return quoted(v); }
    std::string operator()(const Tensor& v) const { return tensor_attribute(v, weights); }
    std::string operator()(const std::vector<int64_t>& v) const {
      return join<int64_t>(v, "ints", [](const int64_t& i) { return std::to_string(i); });
    }
    std::string operator()(const std::vector<float>& v) const {
      return join<float>(v, "floats", float_attribute);
    }
    std::string operator()(const std::vector<std::string>& v) const {
      return join<std::string>(v, "strings", [](const std::string& s) { return quoted(s); });
    }
    std::string operator()(const std::vector<Tensor>& v) const {
      return weights ? join<Tensor>(v, "tensors",
                                    [](const Tensor& t) { return tensor_attribute(t, true); })
                     : join<Tensor>(v, "tensors",
                                    [](const Tensor& t) { return tensor_attribute(t, false); });
    }
    std::string operator()(const model::TypeProto& v) const { return "type " + to_string(v); }
  };
  return std::visit(Printer{weights}, attr);
}

}  // namespace hone::graph
