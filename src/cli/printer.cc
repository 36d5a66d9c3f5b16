#include "cli/printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace hone::cli {

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// An error is one line whatever its text holds.
std::string one_line(std::string s) {
  std::replace_if(
      s.begin(), s.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return s;
}

// Width on screen of UTF-8 text: continuation bytes take none.
size_t width(const std::string& s) {
  return static_cast<size_t>(
      std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Printer::Printer() {
  bool allowed = std::getenv("NO_COLOR") == nullptr;
  out_colour_ = allowed && isatty(STDOUT_FILENO) != 0;
  err_terminal_ = isatty(STDERR_FILENO) != 0;
  err_colour_ = allowed && err_terminal_;
}

void Printer::out(std::string_view line) {
  end_progress();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void Printer::out_raw(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Printer::note(std::string_view line) {
  if (quiet) return;
  end_progress();
  fmt::print(stderr, "{}\n", line);
}

void Printer::warn(std::string_view line) {
  end_progress();
  fmt::print(stderr, "{} {}\n", coloured("33", "warning:", err_colour_), line);
}

int Printer::fail(const Status& status) {
  end_progress();
  fmt::print(stderr, "{} {}\n", coloured("31", "error:", err_colour_), one_line(status.text()));
  if (status.code() == Code::differs) return no;
  return is_environment(status.code()) ? environment : usage;
}

void Printer::progress(std::string_view what, double done, double total) {
  if (quiet) return;
  double t = now_s(), share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0;
  bool fresh = last_what_ != what;
  if (fresh) last_what_ = what, last_shown_ = t;
  if (!err_terminal_) {
    if (fresh || t - last_shown_ < 10) return;
    last_shown_ = t;
    fmt::print(stderr, "  {}: {:.0f} %\n", what, share * 100);
    return;
  }
  if (!fresh && t - last_shown_ < 0.1 && share < 1) return;
  last_shown_ = t;
  auto filled = static_cast<size_t>(share * 30);
  fmt::print(stderr, "\r\033[K  {} [{}{}] {:.0f} %", what, std::string(filled, '#'),
             std::string(30 - filled, '.'), share * 100);
  std::fflush(stderr);
  bar_shown_ = true;
  if (done >= total) end_progress();
}

void Printer::end_progress() {
  if (bar_shown_) fmt::print(stderr, "\r\033[K");
  bar_shown_ = false;
  last_what_.clear();
}

void Printer::table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (i >= widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      std::string pad(widths[i] - width(rows[r][i]), ' ');
      if (i > 0) line += "  ";
      line += i == 0 ? rows[r][i] + pad : pad + rows[r][i];
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out(r == 0 ? bold(line) : line);
  }
}

std::string Printer::coloured(const char* code, std::string_view s, bool on) const {
  return on ? fmt::format("\033[{}m{}\033[0m", code, s) : std::string(s);
}
std::string Printer::bold(std::string_view s) const { return coloured("1", s, out_colour_); }
std::string Printer::green(std::string_view s) const { return coloured("32", s, out_colour_); }
std::string Printer::red(std::string_view s) const { return coloured("31", s, out_colour_); }
std::string Printer::yellow(std::string_view s) const { return coloured("33", s, out_colour_); }

}  // namespace hone::cli
