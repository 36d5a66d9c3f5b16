#include "cli/printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace hone::cli {

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// An error is one line whatever names a file holds, and steers no terminal.
std::string one_line(std::string s) {
  std::replace_if(
      s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
      ' ');
  return s;
}

// stderr is the last resort: where even it can't be written there is nobody to tell.
void to_stderr(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stderr) == text.size()) std::fflush(stderr);
}

// Width on screen of UTF-8 text: continuation bytes take none, nor do the colours of coloured().
size_t width(const std::string& s) {
  size_t n = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\033')
      i = std::min(s.find('m', i), s.size() - 1);
    else if ((s[i] & 0xc0) != 0x80)
      ++n;
  }
  return n;
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
  out_raw(std::string(line) + "\n");
}

void Printer::out_raw(std::string_view text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if ((std::fflush(stdout) != 0 || !written) && out_error_ == 0) out_error_ = errno;
}

Status Printer::flush() {
  if (out_error_ == 0) return {};
  return error(Code::io_error, "standard output: " + std::generic_category().message(out_error_));
}

void Printer::note(std::string_view line) {
  if (quiet) return;
  end_progress();
  to_stderr(fmt::format("{}\n", line));
}

void Printer::warn(std::string_view line) {
  end_progress();
  to_stderr(fmt::format("{} {}\n", coloured("33", "warning:", err_colour_), line));
}

int Printer::fail(const Status& status) {
  end_progress();
  to_stderr(fmt::format("{} {}\n", coloured("31", "error:", err_colour_), one_line(status.text())));
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
    to_stderr(fmt::format("  {}: {:.0f} %\n", what, share * 100));
    return;
  }
  if (!fresh && t - last_shown_ < 0.1 && share < 1) return;
  last_shown_ = t;
  auto filled = static_cast<size_t>(share * 30);
  to_stderr(fmt::format("\r\033[K  {} [{}{}] {:.0f} %", what, std::string(filled, '#'),
                        std::string(30 - filled, '.'), share * 100));
  bar_shown_ = true;
  if (done >= total) end_progress();
}

void Printer::end_progress() {
  if (bar_shown_) to_stderr("\r\033[K");
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

int Session::finish(const Status& result) {
  printer.end_progress();
  if (!result.ok()) return printer.fail(result);
  Status written = printer.flush();
  return written.ok() ? exit : printer.fail(written);
}

}  // namespace hone::cli
