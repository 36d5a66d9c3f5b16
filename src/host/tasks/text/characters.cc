#include "host/tasks/text/characters.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace hone::tasks::text {

namespace {

bool known_to(int unicode, char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] != 0 && (age[0] < unicode || (age[0] == unicode && age[1] == 0));
}

uint32_t category(char32_t c) { return U_GET_GC_MASK(static_cast<UChar32>(c)); }

// The characters of Unicode 8 whose category a later version changed, as Unicode 8 had them; found
// by asking both libraries about every character (tests/tasks/test_tokenizers.py does).
uint32_t category_of_8(char32_t c) {
  switch (c) {
    case 0x166D: return U_GC_PO_MASK;
    case 0x1734: return U_GC_MN_MASK;
    case 0x1885:
    case 0x1886: return U_GC_LO_MASK;
    case 0xA9BD: return U_GC_MC_MASK;
    case 0x111C9: return U_GC_PO_MASK;
    default: return known_to(8, c) ? category(c) : U_GC_CN_MASK;
  }
}

// No characters but those of Unicode 9 are decomposed or reordered.
const icu::Normalizer2* decomposer() {
  static const icu::FilteredNormalizer2* const made = [] {
    UErrorCode code = U_ZERO_ERROR;
    const icu::Normalizer2* all = icu::Normalizer2::getNFDInstance(code);
    auto* known = new icu::UnicodeSet(u"[:age=9.0:]", code);
    known->freeze();
    return U_SUCCESS(code) ? new icu::FilteredNormalizer2(*all, *known) : nullptr;
  }();
  return made;
}

icu::UnicodeString utf16(const std::u32string& s) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(s.data()),
                                       static_cast<int32_t>(s.size()));
}

}  // namespace

size_t find_malformed(std::string_view s) {
  size_t at = 0;
  while (at < s.size()) {
    const size_t begin = at;
    UChar32 c;
    U8_NEXT(s.data(), at, s.size(), c);
    if (c < 0) return begin;
  }
  return std::string_view::npos;
}

std::u32string decode(std::string_view s) {
  std::u32string out;
  out.reserve(s.size());
  for (size_t at = 0; at < s.size();) {
    UChar32 c;
    U8_NEXT_UNSAFE(s.data(), at, c);
    out += static_cast<char32_t>(c);
  }
  return out;
}

void append_utf8(std::string* out, char32_t c) {
  char bytes[U8_MAX_LENGTH];
  size_t n = 0;
  U8_APPEND_UNSAFE(bytes, n, c);
  out->append(bytes, n);
}

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }
bool is_letter(char32_t c) { return category(c) & U_GC_L_MASK; }
bool is_number(char32_t c) { return category(c) & U_GC_N_MASK; }

bool is_word(char32_t c) {
  const auto i = static_cast<UChar32>(c);
  return u_hasBinaryProperty(i, UCHAR_ALPHABETIC) || u_hasBinaryProperty(i, UCHAR_JOIN_CONTROL) ||
         (category(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK));
}

bool is_control(char32_t c) {
  return category_of_8(c) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

bool is_punctuation(char32_t c) {
  // ASCII's symbols ($+<=>^`|~) are punctuation to BERT, not to Unicode.
  if (c < 0x80) return c > 0x20 && c < 0x7F && !u_isalnum(static_cast<UChar32>(c));
  return category_of_8(c) & U_GC_P_MASK;
}

bool is_nonspacing(char32_t c) { return category_of_8(c) & U_GC_MN_MASK; }

bool is_ideograph(char32_t c) {
  // 2B920 where Unicode's block begins at 2B820: so in `tokenizers`.
  constexpr char32_t blocks[][2] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                                    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
                                    {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(blocks), std::end(blocks),
                     [c](const auto& b) { return c >= b[0] && c <= b[1]; });
}

std::u32string decomposed(const std::u32string& s) {
  if (std::all_of(s.begin(), s.end(), [](char32_t c) { return c < 0xC0; })) return s;
  UErrorCode code = U_ZERO_ERROR;
  const icu::UnicodeString d = decomposer()->normalize(utf16(s), code);
  std::u32string out(static_cast<size_t>(d.countChar32()), U'\0');
  d.toUTF32(reinterpret_cast<UChar32*>(out.data()), static_cast<int32_t>(out.size()), code);
  return out;
}

std::u32string lower(const std::u32string& s) {
  std::u32string out;
  out.reserve(s.size());
  for (char32_t c : s) {
    if (c == 0x130) {
      out += U"i\u0307";  // the one character whose lower case is two
    } else {
      out += static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
    }
  }
  return out;
}

std::string_view trim_end(std::string_view s) {
  size_t end = s.size();
  while (end > 0) {
    size_t at = end;
    UChar32 c;
    U8_PREV_UNSAFE(s.data(), at, c);
    if (!u_isUWhiteSpace(c)) break;
    end = at;
  }
  return s.substr(0, end);
}

}  // namespace hone::tasks::text
