#include "host/tasks/text/normalizer.h"

#include <algorithm>

#include "host/tasks/text/characters.h"

namespace hone::tasks::text {

namespace {

std::u32string cleaned(const std::u32string& s) {
  std::u32string out;
  out.reserve(s.size());
  for (char32_t c : s) {
    if (c == U'\t' || c == U'\n' || c == U'\r') {
      out += U' ';
    } else if (c != 0 && c != 0xFFFD && !is_control(c)) {
      out += is_white_space(c) ? U' ' : c;
    }
  }
  return out;
}

std::u32string spaced(const std::u32string& s) {
  std::u32string out;
  out.reserve(s.size());
  for (char32_t c : s) {
    if (is_ideograph(c)) {
      out += {U' ', c, U' '};
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string BertNormalizer::operator()(std::string_view text) const {
  std::u32string s = decode(text);
  if (clean_text) s = cleaned(s);
  if (ideographs) s = spaced(s);
  if (strip_accents) {
    s = decomposed(s);
    s.erase(std::remove_if(s.begin(), s.end(), is_nonspacing), s.end());
  }
  if (lower_case) s = lower(s);
  std::string out;
  out.reserve(text.size());
  for (char32_t c : s) append_utf8(&out, c);
  return out;
}

}  // namespace hone::tasks::text
