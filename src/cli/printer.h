// All output of the program: data on stdout, the rest on stderr. The only folder that prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::cli {

enum Exit : int { yes = 0, no = 1, usage = 2, inconclusive = 3, environment = 4 };

class Printer {
 public:
  Printer();

  void out(std::string_view line);      // data, one line
  void out_raw(std::string_view text);  // data as it is
  void note(std::string_view line);     // stderr; nothing when quiet
  void warn(std::string_view line);
  // "error: ..." in one line; returns the exit status that goes with the code.
  int fail(const Status& status);
  // Error where something for stdout could not be written (disk full, closed).
  Status flush();

  // A bar on a terminal, a line now and then in a pipe. done == total ends it.
  void progress(std::string_view what, double done, double total);
  void end_progress();

  // Columns aligned, numbers (all but the first column) to the right.
  void table(const std::vector<std::vector<std::string>>& rows);

  std::string bold(std::string_view s) const;
  std::string green(std::string_view s) const;
  std::string red(std::string_view s) const;
  std::string yellow(std::string_view s) const;

  bool quiet = false;

 private:
  std::string coloured(const char* code, std::string_view s, bool on) const;
  bool out_colour_, err_colour_, err_terminal_;
  bool bar_shown_ = false;
  int out_error_ = 0;  // errno of the first write to stdout that failed
  double last_shown_ = 0;
  std::string last_what_;
};

// What every command gets.
struct Session {
  // Ends the program's output; the exit status that goes with `result` and `exit`.
  int finish(const Status& result);

  Printer printer;
  int exit = yes;
  std::vector<std::string> plugins;  // files of --plugin
  std::function<Status()> body;  // of the command that was parsed
};

}  // namespace hone::cli
