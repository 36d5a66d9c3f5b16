// Status and Result<T> of the host: what input can cause, as a value with one line of text.
// Device code uses device_status.h, which never allocates.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace hone {

using Status = BasicStatus<std::string>;
template <class T>
using Result = BasicResult<T, std::string>;

inline Status ok_status() { return {}; }
inline Status error(Code code, std::string text) { return {code, std::move(text)}; }
inline Status invalid(std::string text) { return {Code::invalid_argument, std::move(text)}; }
inline Status corrupt(std::string text) { return {Code::corrupt, std::move(text)}; }
inline Status unsupported(std::string text) { return {Code::unsupported, std::move(text)}; }
inline Status internal(std::string text) { return {Code::internal, std::move(text)}; }

// The same error with where it happened in front: "node 'conv1': kernel larger than input".
inline Status in(std::string_view where, const Status& s) {
  return s.ok() ? s : Status(s.code(), std::string(where) + ": " + s.text());
}

}  // namespace hone
