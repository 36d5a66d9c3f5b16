// Tables in text files: comma-separated with quotes (RFC 4180), or tab-separated without.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::tasks {

constexpr int64_t max_table_bytes = int64_t{256} << 20;

class Table {
 public:
  int64_t rows() const { return static_cast<int64_t>(lines_.size()) - 1; }  // without the header
  size_t columns() const { return columns_; }
  std::string_view name(size_t column) const { return text_of(cells_[column]); }
  std::string_view cell(int64_t row, size_t column) const {
    return text_of(cells_[static_cast<size_t>(row + 1) * columns_ + column]);
  }
  // Errors: not_found, naming the columns there are.
  Result<size_t> column(std::string_view name) const;
  // Errors: corrupt, naming the line.
  Result<int64_t> integer(int64_t row, size_t column) const;
  const std::string& source() const { return source_; }
  int64_t line(int64_t row) const { return lines_[static_cast<size_t>(row + 1)]; }  // from 1

 private:
  friend class TableReader;

  struct Cell {
    uint32_t at, size;
  };
  std::string_view text_of(Cell c) const { return std::string_view(text_).substr(c.at, c.size); }

  std::string source_, text_;  // fields without their quotes
  std::vector<Cell> cells_;    // by row, the header first
  std::vector<int64_t> lines_;
  size_t columns_ = 0;
};

// The first line is the header; every row is as wide; blank lines are skipped; lines end in LF or
// CRLF; a byte order mark is skipped. `what` names the source in errors. Errors: corrupt, naming
// the line (a NUL byte, not UTF-8, a row of another width, a quote that is not closed or stands
// inside a field), unsupported (more than max_table_bytes).
Result<Table> parse_csv(std::string bytes, const std::string& what);
Result<Table> parse_tsv(std::string bytes, const std::string& what);
// Also: not_found, io_error.
Result<Table> read_csv(const std::string& path);
Result<Table> read_tsv(const std::string& path);

}  // namespace hone::tasks
