// Status and Result, over any text holder: the host keeps std::string, the device a fixed buffer.
// Both are values, never thrown; a Status that is not looked at is a compile-time warning.
#pragma once

#include <cassert>
#include <new>
#include <utility>

#include "common/base/code.h"

namespace hone {

template <class Text>
class [[nodiscard]] BasicStatus {
 public:
  BasicStatus() = default;
  BasicStatus(Code code, Text text) : code_(code), text_(std::move(text)) {
    assert(code != Code::ok);
  }
  bool ok() const { return code_ == Code::ok; }
  Code code() const { return code_; }
  const Text& text() const { return text_; }

 private:
  Code code_ = Code::ok;
  Text text_{};
};

template <class T, class Text>
class [[nodiscard]] BasicResult {
 public:
  using Status = BasicStatus<Text>;
  using Value = T;

  BasicResult(T value) : has_(true) { ::new (static_cast<void*>(&value_)) T(std::move(value)); }
  BasicResult(Status status) : status_(std::move(status)), has_(false) { assert(!status_.ok()); }
  BasicResult(BasicResult&& o) : status_(std::move(o.status_)), has_(o.has_) {
    if (has_) ::new (static_cast<void*>(&value_)) T(std::move(o.value_));
  }
  BasicResult(const BasicResult& o) : status_(o.status_), has_(o.has_) {
    if (has_) ::new (static_cast<void*>(&value_)) T(o.value_);
  }
  BasicResult& operator=(BasicResult&& o) {
    if (this != &o) {
      this->~BasicResult();
      ::new (static_cast<void*>(this)) BasicResult(std::move(o));
    }
    return *this;
  }
  BasicResult& operator=(const BasicResult& o) { return *this = BasicResult(o); }
  ~BasicResult() {
    if (has_) value_.~T();
  }

  bool ok() const { return has_; }
  explicit operator bool() const { return has_; }
  const Status& status() const { return status_; }
  Code code() const { return status_.code(); }

  T& value() & { return assert(has_), value_; }
  const T& value() const& { return assert(has_), value_; }
  T&& value() && { return assert(has_), std::move(value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_{};
  union {
    T value_;
  };
  bool has_;
};

}  // namespace hone

#define HONE_CONCAT2_(a, b) a##b
#define HONE_CONCAT_(a, b) HONE_CONCAT2_(a, b)

// Returns the error of `expr` (a Status) from the enclosing function, if there is one.
#define HONE_RETURN_IF_ERROR(expr)                        \
  do {                                                    \
    if (auto hone_status_ = (expr); !hone_status_.ok()) { \
      return hone_status_;                                \
    }                                                     \
  } while (0)

// Declares `decl` from the value of `expr` (a Result), or returns its error.
#define HONE_ASSIGN(decl, expr) HONE_ASSIGN_(HONE_CONCAT_(hone_result_, __LINE__), decl, expr)
#define HONE_ASSIGN_(tmp, decl, expr) \
  auto tmp = (expr);                  \
  if (!tmp.ok()) return tmp.status(); \
  decl = std::move(tmp).value()
