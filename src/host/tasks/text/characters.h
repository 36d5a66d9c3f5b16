// What tokenizers ask about characters, answered by ICU.
//
// Hugging Face's `tokenizers` is what models were trained with, so its answers count, and it asks
// several libraries of several ages: categories and marks as of Unicode 8, decomposition as of 9,
// letters, numbers and case as of its own release. ICU knows the age of a character, which is how
// the old answers are given. Characters newer than this ICU's Unicode are neither letters nor
// numbers and have no case here.
#pragma once

#include <string>
#include <string_view>

namespace hone::tasks::text {

// Offset of the first byte that is not well-formed UTF-8; npos where all is.
size_t find_malformed(std::string_view s);

// Of well-formed UTF-8, as the functions below.
std::u32string decode(std::string_view s);
void append_utf8(std::string* out, char32_t c);
// Bytes of the character that begins with `lead`.
constexpr size_t utf8_size(char lead) {
  const auto b = static_cast<unsigned char>(lead);
  return b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
}

bool is_white_space(char32_t c);
bool is_letter(char32_t c);       // \p{L}
bool is_number(char32_t c);       // \p{N}
bool is_word(char32_t c);         // \w of UTS 18
bool is_control(char32_t c);      // Cc, Cf, Co of Unicode 8
bool is_punctuation(char32_t c);  // P of Unicode 8, and ASCII's
bool is_nonspacing(char32_t c);   // Mn of Unicode 8
bool is_ideograph(char32_t c);    // what BERT writes blanks around

// Canonical decomposition as of Unicode 9.
std::u32string decomposed(const std::u32string& s);
// Each character on its own: no final sigma.
std::u32string lower(const std::u32string& s);

// Without white space at its end.
std::string_view trim_end(std::string_view s);

}  // namespace hone::tasks::text
