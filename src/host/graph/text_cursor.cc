#include "host/graph/text_cursor.h"

#include <algorithm>
#include <charconv>

#include "host/graph/quote.h"

namespace hone::graph {

void TextCursor::skip() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++at_;
    } else if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

Status TextCursor::fail(std::string_view what) {
  skip();
  const std::string_view before = text_.substr(0, at_);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n') + 1;  // npos + 1 = 0
  return corrupt("line " + std::to_string(line) + ", column " + std::to_string(at_ - start + 1) +
                 ": " + one_line(what));
}

bool TextCursor::at_end() {
  skip();
  return at_ == text_.size();
}
char TextCursor::peek() {
  skip();
  return at_ < text_.size() ? text_[at_] : '\0';
}
bool TextCursor::accept(std::string_view punctuation) {
  skip();
  if (!text_.substr(at_).starts_with(punctuation)) return false;
  at_ += punctuation.size();
  return true;
}

std::string_view TextCursor::take_while(bool (*belongs)(char)) {
  const size_t start = at_;
  while (at_ < text_.size() && belongs(text_[at_])) ++at_;
  return text_.substr(start, at_ - start);
}

std::string_view TextCursor::identifier() {
  skip();
  if (at_ == text_.size() || !is_identifier(text_.substr(at_, 1))) return {};
  return take_while([](char c) {
    return is_identifier({&c, 1}) || c == '.' || (c >= '0' && c <= '9');
  });
}
std::string_view TextCursor::number() {
  skip();
  return take_while([](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  });
}
bool TextCursor::accept_word(std::string_view word) {
  const size_t start = at_;
  if (identifier() == word) return true;
  at_ = start;
  return false;
}

Result<std::string> TextCursor::string() {
  skip();
  std::string s;
  if (!read_quoted(text_, &at_, &s)) return fail("a \"string\" is missing");
  return s;
}
Result<std::string> TextCursor::word() {
  const std::string_view bare = identifier();
  if (!bare.empty()) return std::string(bare);
  return string();
}
Result<int64_t> TextCursor::integer() {
  skip();
  const size_t start = at_;
  const std::string_view digits = number();
  int64_t v = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    at_ = start;
    return fail("an integer is missing");
  }
  return v;
}

Result<Dim> TextCursor::dim() {
  skip();
  const size_t start = at_;
  for (int nesting = 0; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      std::string ignored;
      if (!read_quoted(text_, &at_, &ignored)) return fail("bad quoted name");
      --at_;
      continue;
    }
    if (c == '\n' || c == ']' || c == '}' || (c == ',' && nesting == 0)) break;
    nesting += (c == '(') - (c == ')');
  }
  auto d = Dim::parse(text_.substr(start, at_ - start));
  if (d.ok()) return d;
  at_ = start;
  return fail(d.status().text());
}

}  // namespace hone::graph
