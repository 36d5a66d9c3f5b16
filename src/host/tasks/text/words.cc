#include "host/tasks/text/words.h"

#include <array>

#include "host/tasks/text/characters.h"

namespace hone::tasks::text {

std::vector<std::string> bert_words(std::string_view s) {
  std::vector<std::string> words;
  bool open = false;  // the last word goes on
  for (char32_t c : decode(s)) {
    const bool alone = is_punctuation(c);
    if (is_white_space(c)) {
      open = false;
      continue;
    }
    if (!open || alone) words.emplace_back();
    append_utf8(&words.back(), c);
    open = !alone;
  }
  return words;
}

namespace {

enum class Kind { space, letter, number, other };

Kind kind_of(char32_t c) {
  if (is_letter(c)) return Kind::letter;
  if (is_number(c)) return Kind::number;
  return is_white_space(c) ? Kind::space : Kind::other;
}

// End of the contraction that begins at `at`: 's 't 're 've 'm 'll 'd; `at` where there is none.
size_t contraction_end(const std::u32string& s, size_t at) {
  if (s[at] != U'\'') return at;
  const std::u32string_view rest = std::u32string_view(s).substr(at + 1);
  for (std::u32string_view c : {U"s", U"t", U"re", U"ve", U"m", U"ll", U"d"}) {
    if (rest.starts_with(c)) return at + 1 + c.size();
  }
  return at;
}

// One match of GPT-2's
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// which matches something everywhere.
size_t match_end(const std::u32string& s, size_t at) {
  if (size_t end = contraction_end(s, at); end != at) return end;
  const bool led = s[at] == U' ' && at + 1 < s.size() && kind_of(s[at + 1]) != Kind::space;
  size_t end = led ? at + 1 : at;
  const Kind kind = kind_of(s[end]);
  while (end < s.size() && kind_of(s[end]) == kind) ++end;
  // A run of blanks leaves its last one to the word that follows.
  if (kind == Kind::space && end < s.size() && end - at > 1) --end;
  return end;
}

const std::array<char32_t, 256>& byte_characters() {
  static const auto table = [] {
    std::array<char32_t, 256> t{};
    char32_t next = 256;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable =
          (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
      t[b] = printable ? b : next++;
    }
    return t;
  }();
  return table;
}

std::string byte_level(const std::u32string& s, size_t begin, size_t end) {
  std::string bytes, out;
  for (size_t i = begin; i < end; ++i) append_utf8(&bytes, s[i]);
  for (char b : bytes) append_utf8(&out, byte_characters()[static_cast<unsigned char>(b)]);
  return out;
}

}  // namespace

std::vector<std::string> ByteLevel::operator()(std::string_view text) const {
  std::u32string s = decode(text);
  if (prefix_space && !s.starts_with(U' ')) s.insert(s.begin(), U' ');
  std::vector<std::string> words;
  for (size_t at = 0; at < s.size();) {
    const size_t end = split ? match_end(s, at) : s.size();
    words.push_back(byte_level(s, at, end));
    at = end;
  }
  return words;
}

}  // namespace hone::tasks::text
