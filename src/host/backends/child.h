// A program started as a child: lines to it, lines from it within a time, stopped and continued,
// killed with all it started when this object goes.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::backends {

// A file descriptor, closed with its owner; never 0, 1 or 2.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd);  // takes it over; moves it above the three standard ones
  Fd(Fd&& o) noexcept : fd_(o.fd_) { o.fd_ = -1; }
  Fd& operator=(Fd&& o) noexcept;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  void reset();

 private:
  int fd_ = -1;
};

class Child {
 public:
  struct Options {
    bool asks = false;  // lines are written to it; else its input is empty
    int inherit = -1;   // a descriptor it gets as its number 3
  };

  // Errors: not_found where there is no such program, io_error where the system lacks something.
  static Result<Child> start(const std::vector<std::string>& command, const Options& options);
  Child(Child&& o) noexcept;
  Child& operator=(Child&& o) noexcept;
  ~Child() { end(); }

  // One line, the end of line added. Errors: io_error with how it ended, where it has.
  Status write_line(std::string_view line, int timeout_ms);
  // The next line without its end. Errors: io_error for one longer than `max_bytes`, for silence,
  // and for its end, with the last line it wrote as errors.
  Result<std::string> read_line(int timeout_ms, size_t max_bytes);
  // All it writes until it ends with status 0. Errors: io_error.
  Result<std::string> read_all(int timeout_ms, size_t max_bytes);

  // Halts it and its threads; returns when it stands. A program that has ended stays ended.
  void stop();
  void resume();
  bool stopped() const { return stopped_; }
  pid_t pid() const { return pid_; }

 private:
  Child() = default;
  void end();
  std::string last_words() const;
  bool reap(int* status);  // false where it does not end
  Status how_it_ended();

  pid_t pid_ = 0;
  bool stopped_ = false;
  Fd in_, out_, errors_;
  std::string pending_;  // read, not yet given out
};

}  // namespace hone::backends
