// Structs of the C interface carry their size: what older and newer callers know.
#pragma once

#include <cstring>

#include "common/base/device_status.h"
#include "device/runtime/memory.h"

namespace hone::runtime {

// Larger ones are a size that was never set.
constexpr size_t max_struct_size = 4096;

inline device::Status bad_struct(const char* name, const char* why) {
  return device::error(Code::invalid_argument, FixedText(name) << why);
}

// Copies the caller's struct; fields the caller does not know are zero.
template <class T>
device::Status read_struct(const T* given, const char* name, T* out) {
  if (given == nullptr) return bad_struct(name, " is NULL");
  const size_t size = given->struct_size;
  if (size <= sizeof(size_t) || size > max_struct_size) {
    return bad_struct(name, ".struct_size is not set: write {sizeof x}");
  }
  const char* bytes = reinterpret_cast<const char*>(given);
  for (size_t i = sizeof(T); i < size; ++i) {
    if (bytes[i] != 0) return bad_struct(name, " uses fields that this library does not know");
  }
  std::memset(static_cast<void*>(out), 0, sizeof(T));
  std::memcpy(static_cast<void*>(out), bytes, size < sizeof(T) ? size : sizeof(T));
  return {};
}

// Fills as much of the caller's struct as the caller knows.
template <class T>
device::Status write_struct(const T& full, const char* name, T* given) {
  if (given == nullptr) return bad_struct(name, " is NULL");
  const size_t size = given->struct_size;
  if (size <= sizeof(size_t) || size > max_struct_size) {
    return bad_struct(name, ".struct_size is not set: write {sizeof x}");
  }
  char* bytes = reinterpret_cast<char*>(given);
  std::memset(bytes, 0, size);
  std::memcpy(bytes, &full, size < sizeof(T) ? size : sizeof(T));
  given->struct_size = size;
  return {};
}

inline device::Status read_allocator(const hone_allocator* given, Allocator* out) {
  if (given == nullptr) {
    return device::error(Code::invalid_argument,
                         "no allocator given; hone_default_allocator() has one");
  }
  hone_allocator fns;
  HONE_RETURN_IF_ERROR(read_struct(given, "hone_allocator", &fns));
  if (fns.alloc == nullptr || fns.free == nullptr) {
    return bad_struct("hone_allocator", " lacks alloc or free");
  }
  *out = Allocator(fns);
  return {};
}

// Into the caller's error_text, and out as the status code.
inline hone_status report(const device::Status& s, char* text, size_t text_bytes) {
  if (text != nullptr && text_bytes > 0) {
    const size_t n = s.text().size() < text_bytes ? s.text().size() : text_bytes - 1;
    std::memcpy(text, s.text().c_str(), n);
    text[n] = 0;
  }
  return static_cast<hone_status>(s.code());
}

}  // namespace hone::runtime
