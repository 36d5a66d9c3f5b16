#include "host/model/pb_message.h"

#include <fmt/format.h>

#include "host/model/onnx.h"

namespace hone::model {
namespace {

using Wire = protozero::pbf_wire_type;

// Bytes of the UTF-8 sequence at the front of `text`, 0 where it is none.
size_t utf8_sequence(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) return 1;
  const size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = at(1);
  // Overlong forms, surrogates, above U+10FFFF.
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return size;
}

}  // namespace

void ParseError::prefix(std::string_view where) {
  constexpr size_t longest = 600;
  overrun = false;
  if (!where.empty() && text.size() + where.size() < longest)
    text = fmt::format("{}: {}", where, text);
}

void fail(Code code, std::string text) { throw ParseError{code, std::move(text), false}; }

std::string printable(std::string_view name) {
  constexpr size_t longest = 60;
  std::string out;
  for (size_t i = 0; i < name.size();) {
    if (i >= longest) {
      out += "...";
      break;
    }
    const size_t n = utf8_sequence(name.substr(i));
    const auto c = static_cast<uint8_t>(name[i]);
    if (n == 0 || c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
      ++i;
    } else {
      out.append(name.substr(i, n));
      i += n;
    }
  }
  return out;
}

std::string quote(std::string_view name) { return "'" + printable(name) + "'"; }

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t n = utf8_sequence(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool PbMessage::next() {
  try {
    return reader_.next();
  } catch (const protozero::exception&) {
    fail(Code::corrupt, "something that is no field of a protocol buffer");
  }
}

uint64_t PbMessage::varint(const char** at, const char* end, const char* field) {
  try {
    return protozero::decode_varint(at, end);
  } catch (const protozero::exception&) {
    fail(Code::corrupt, fmt::format("{} ends in the middle of a number", field));
  }
}

void PbMessage::expect(Wire type, const char* field) const {
  if (!reader_.has_wire_type(type)) {
    fail(Code::corrupt, fmt::format("{} is encoded as something else", field));
  }
}

uint64_t PbMessage::checked_length(const char* field) const {
  const protozero::data_view rest = reader_.data();
  const char* at = rest.data();
  const char* end = rest.data() + rest.size();
  const uint64_t length = varint(&at, end, field);
  const auto remaining = static_cast<uint64_t>(end - at);
  if (length > remaining) {
    throw ParseError{Code::corrupt,
                     fmt::format("{} claims {} bytes, {} remain", field, length, remaining), true};
  }
  // protozero keeps lengths in 32 bits.
  if (length > UINT32_MAX) {
    fail(Code::unsupported,
         fmt::format("{} has {} bytes; above 4 GiB only external data can go", field, length));
  }
  return length;
}

void PbMessage::skip() {
  if (is_packed()) checked_length("an unknown field");
  try {
    reader_.skip();
  } catch (const protozero::exception&) {
    fail(Code::corrupt, "ends in the middle of an unknown field");
  }
}

int64_t PbMessage::integer(const char* field) {
  expect(Wire::varint, field);
  try {
    return reader_.get_int64();
  } catch (const protozero::exception&) {
    fail(Code::corrupt, fmt::format("{} ends in the middle of a number", field));
  }
}

Bytes PbMessage::fixed(size_t size, const char* field) {
  expect(size == 4 ? Wire::fixed32 : Wire::fixed64, field);
  const protozero::data_view rest = reader_.data();
  if (rest.size() < size) {
    fail(Code::corrupt, fmt::format("{} ends in the middle of a number", field));
  }
  reader_.skip();
  return {reinterpret_cast<const std::byte*>(rest.data()), size};
}

float PbMessage::f32(const char* field) {
  float value;
  std::memcpy(&value, fixed(sizeof(value), field).data(), sizeof(value));
  return value;
}

Bytes PbMessage::bytes(const char* field) {
  expect(Wire::length_delimited, field);
  checked_length(field);
  const protozero::data_view view = reader_.get_view();
  return {reinterpret_cast<const std::byte*>(view.data()), view.size()};
}

std::string PbMessage::string(const char* field) {
  const Bytes b = bytes(field);
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

std::string PbMessage::name(const char* field) {
  const Bytes b = bytes(field);
  const std::string_view view(reinterpret_cast<const char*>(b.data()), b.size());
  if (view.size() > limits::name_bytes) {
    fail(Code::unsupported, fmt::format("{} {} has {} bytes, more than {}", field, quote(view),
                                        view.size(), limits::name_bytes));
  }
  if (!is_utf8(view)) fail(Code::corrupt, fmt::format("{} {} is not UTF-8", field, quote(view)));
  return std::string(view);
}

std::string PbMessage::prose(const char* field) {
  std::string text = string(field);
  for (size_t i = 0; i < text.size();) {
    const size_t n = utf8_sequence(std::string_view(text).substr(i));
    if (n == 0) text[i] = '?';
    i += n == 0 ? 1 : n;
  }
  return text;
}

}  // namespace hone::model
