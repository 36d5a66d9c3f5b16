// Protocol buffer messages from bytes nobody vouches for, over protozero. Private to this folder:
// its functions throw ParseError, which the public readers turn into a Status.
#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// protozero only asserts what it was told wrongly; here such a mistake must not go on in any build.
// No other header may include protozero, so that all of it is compiled with this.
#define protozero_assert(x) ((x) ? static_cast<void>(0) : throw std::logic_error("protozero: " #x))
#include <protozero/pbf_reader.hpp>

#include "common/base/cursor.h"
#include "common/base/status.h"

namespace hone::model {

struct ParseError {
  Code code;
  std::string text;
  bool overrun = false;  // a field of the outermost message claims more bytes than there are

  // Puts where it happened in front, unless empty. Deep nesting must not make an endless line.
  void prefix(std::string_view where);
};

[[noreturn]] void fail(Code code, std::string text);

// A name out of a file for a message: escaped, at most 60 bytes of it; the second in quotes.
std::string printable(std::string_view name);
std::string quote(std::string_view name);
bool is_utf8(std::string_view text);

// A message and a current field in it. `field` in these functions is what an error calls it. Views
// returned lie in the bytes given to the constructor.
class PbMessage {
 public:
  explicit PbMessage(Bytes bytes)
      : reader_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  // Steps to the next field; false at the end. The field before it must have been read or skipped.
  bool next();
  uint32_t tag() const { return reader_.tag(); }
  void skip();

  int64_t integer(const char* field);
  float f32(const char* field);
  Bytes bytes(const char* field);
  std::string string(const char* field);  // any bytes
  // A name: UTF-8 of at most limits::name_bytes.
  std::string name(const char* field);
  // Prose: what is not UTF-8 is replaced by '?'.
  std::string prose(const char* field);
  PbMessage message(const char* field) { return PbMessage(bytes(field)); }

  // The current field, repeated and packed or a single value: f(uint64_t) / f(T) for each.
  template <class F>
  void each_varint(const char* field, F f) {
    if (!is_packed()) return f(static_cast<uint64_t>(integer(field)));
    const Bytes values = bytes(field);
    const char* at = reinterpret_cast<const char*>(values.data());
    for (const char* end = at + values.size(); at != end;) f(varint(&at, end, field));
  }
  template <class T, class F>
  void each_fixed(const char* field, F f) {
    const Bytes values = is_packed() ? bytes(field) : fixed(sizeof(T), field);
    if (values.size() % sizeof(T) != 0) {
      fail(Code::corrupt, std::string(field) + " end in the middle of a number");
    }
    for (size_t at = 0; at < values.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, values.data() + at, sizeof(T));
      f(value);
    }
  }

 private:
  static uint64_t varint(const char** at, const char* end, const char* field);
  bool is_packed() const {
    return reader_.has_wire_type(protozero::pbf_wire_type::length_delimited);
  }
  // The bytes of a fixed-width number.
  Bytes fixed(size_t size, const char* field);
  void expect(protozero::pbf_wire_type type, const char* field) const;
  // Throws where the current field is longer than what remains; gives its length.
  uint64_t checked_length(const char* field) const;

  protozero::pbf_reader reader_;
};

// Runs f; an error thrown in it gets where() in front.
template <class Where, class F>
auto within(Where where, F f) -> decltype(f()) {
  try {
    return f();
  } catch (ParseError& e) {
    e.prefix(where());
    throw;
  }
}

// Runs f, which returns a Result, and turns whatever it throws into its error.
template <class F>
auto guarded(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const ParseError& e) {
    return error(e.code, e.text);
  } catch (const std::bad_alloc&) {
    return error(Code::out_of_memory, "not enough memory");
  } catch (const std::length_error&) {
    return error(Code::out_of_memory, "not enough memory");
  } catch (const std::exception& e) {
    return internal(e.what());
  }
}

}  // namespace hone::model
