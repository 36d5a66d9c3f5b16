// Small files that the kernel writes (/proc, /sys), below a root folder: "/" for this machine, a
// temporary folder with planted files in tests. Whatever lies there is taken as hostile: too large,
// empty, no number, gone since the last look.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::ship {

// The whole of `text` but blanks around it as a whole number; base 10 or 16 ("0x" allowed).
std::optional<int64_t> whole_number(std::string_view text, int base = 10);
std::string_view without_blanks(std::string_view text);
// Lines, without empty ones; at most 100,000.
std::vector<std::string_view> lines_of(std::string_view text);
// Words between blanks of one line.
std::vector<std::string_view> words_of(std::string_view line);
// The number behind a line that begins with `key` and a blank, as in "nr_throttled 12".
std::optional<int64_t> keyed_number(std::string_view text, std::string_view key);
// "0-3,8" -> 0 1 2 3 8; nothing where that is no list. At most 4,096 numbers.
std::optional<std::vector<int>> cpu_list(std::string_view text);
// The way back: "0-3,8".
std::string cpu_list_text(const std::vector<int>& cpus);

// "unavailable: why", the value of a key that could not be read.
nlohmann::json unavailable(std::string_view why);
bool is_unavailable(const nlohmann::json& value);

class SystemFiles {
 public:
  explicit SystemFiles(std::string root = "/");

  // `path` is relative to the root: "proc/loadavg".
  std::string path(std::string_view path) const;
  bool exists(std::string_view path) const;
  // At most 1 MiB, blanks around it removed. Errors: those of hone::read_text; a file without text
  // is corrupt.
  Result<std::string> text(std::string_view path) const;
  // Errors: those of text; corrupt where it is no number.
  Result<int64_t> number(std::string_view path) const;
  // One line of printable characters, at most 120, or nothing: names that go into reports.
  std::optional<std::string> name(std::string_view path) const;
  // Names in a folder that begin with `prefix`, 2 before 10; empty where there is no folder. At
  // most 4,096.
  std::vector<std::string> names(std::string_view folder, std::string_view prefix) const;

 private:
  std::string root_;
};

}  // namespace hone::ship
