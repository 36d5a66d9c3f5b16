#include "host/tasks/data/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/tasks/text/characters.h"

namespace hone::tasks {

// Fields are moved to the front of the text as they lose their quotes: reading is never behind
// writing.
class TableReader {
 public:
  TableReader(std::string bytes, std::string source, char separator, bool quotes)
      : separator_(separator), quotes_(quotes) {
    t_.text_ = std::move(bytes);
    t_.source_ = std::move(source);
  }

  Result<Table> read() {
    HONE_RETURN_IF_ERROR(check_bytes());
    if (t_.text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < t_.text_.size()) {
      if (skip_blank_line()) continue;
      HONE_RETURN_IF_ERROR(read_row());
    }
    if (t_.lines_.empty()) return corrupt(t_.source_ + ": empty, where a table has a header");
    return std::move(t_);
  }

 private:
  Status fail(const std::string& why) const {
    return corrupt(fmt::format("{}: line {}: {}", t_.source_, line_, why));
  }

  Status check_bytes() {
    const std::string& s = t_.text_;
    if (static_cast<int64_t>(s.size()) > max_table_bytes) {
      return unsupported(
          fmt::format("{}: {} bytes, tables may have {}", t_.source_, s.size(), max_table_bytes));
    }
    const size_t nul = std::min(s.find('\0'), s.size());
    const size_t bad = std::min(text::find_malformed(s), s.size());
    const size_t first = std::min(nul, bad);
    if (first == s.size()) return {};
    line_ += std::count(s.begin(), s.begin() + static_cast<ptrdiff_t>(first), '\n');
    return fail(nul < bad ? "a NUL byte" : "not UTF-8");
  }

  // Of the line end at `at`: 0 where there is none.
  size_t line_end(size_t at) const {
    const std::string& s = t_.text_;
    if (s[at] == '\n') return 1;
    return s[at] == '\r' && at + 1 < s.size() && s[at + 1] == '\n' ? 2 : 0;
  }

  bool skip_blank_line() {
    const size_t n = line_end(at_);
    at_ += n;
    line_ += n > 0;
    return n > 0;
  }

  Status read_row() {
    const int64_t line = line_;
    const size_t before = t_.cells_.size();
    for (bool more = true; more;) {
      const size_t begin = written_;
      HONE_RETURN_IF_ERROR(quotes_ && at_ < t_.text_.size() && t_.text_[at_] == '"' ? read_quoted()
                                                                                    : read_plain());
      t_.cells_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(written_ - begin)});
      more = at_ < t_.text_.size() && t_.text_[at_] == separator_;
      at_ += more;
    }
    if (at_ < t_.text_.size()) skip_blank_line();
    const size_t width = t_.cells_.size() - before;
    if (t_.lines_.empty()) t_.columns_ = width;
    if (width != t_.columns_) {
      line_ = line;
      return fail(fmt::format("{} fields, the header has {}", width, t_.columns_));
    }
    t_.lines_.push_back(line);
    return {};
  }

  Status read_plain() {
    std::string& s = t_.text_;
    for (; at_ < s.size() && s[at_] != separator_ && line_end(at_) == 0; ++at_) {
      if (quotes_ && s[at_] == '"')
        return fail("a quote inside a field that does not begin with one");
      s[written_++] = s[at_];
    }
    return {};
  }

  Status read_quoted() {
    std::string& s = t_.text_;
    const int64_t opened = line_;
    for (++at_; at_ < s.size(); ++at_) {
      if (s[at_] == '"') {
        ++at_;
        if (at_ == s.size() || s[at_] == separator_ || line_end(at_) > 0) return {};
        if (s[at_] != '"') return fail("text behind a closing quote");
      }
      line_ += s[at_] == '\n';
      s[written_++] = s[at_];
    }
    line_ = opened;
    return fail("a quote that is never closed");
  }

  Table t_;
  char separator_;
  bool quotes_;
  size_t at_ = 0, written_ = 0;
  int64_t line_ = 1;
};

Result<size_t> Table::column(std::string_view wanted) const {
  std::string names;
  for (size_t c = 0; c < columns_; ++c) {
    if (name(c) == wanted) return c;
    if (c < 8) names += fmt::format("{}'{}'", c > 0 ? ", " : "", graph::one_line(name(c)));
  }
  if (columns_ > 8) names += ", ...";
  return error(Code::not_found,
               fmt::format("{}: no column '{}'; there are {}", source_, wanted, names));
}

Result<int64_t> Table::integer(int64_t row, size_t column) const {
  const std::string_view s = cell(row, column);
  int64_t value = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (fault != std::errc() || end != s.data() + s.size()) {
    return corrupt(fmt::format("{}: line {}: '{}' is '{}', no whole number", source_, line(row),
                               graph::one_line(name(column)), graph::one_line(s.substr(0, 40))));
  }
  return value;
}

Result<Table> parse_csv(std::string bytes, const std::string& what) {
  return TableReader(std::move(bytes), what, ',', true).read();
}

Result<Table> parse_tsv(std::string bytes, const std::string& what) {
  return TableReader(std::move(bytes), what, '\t', false).read();
}

Result<Table> read_csv(const std::string& path) {
  HONE_ASSIGN(std::string bytes, read_text(path, max_table_bytes));
  return parse_csv(std::move(bytes), path);
}

Result<Table> read_tsv(const std::string& path) {
  HONE_ASSIGN(std::string bytes, read_text(path, max_table_bytes));
  return parse_tsv(std::move(bytes), path);
}

}  // namespace hone::tasks
