// How a text is cut into what the model looks up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone::tasks::text {

// At blanks, which are dropped, and around each punctuation character.
std::vector<std::string> bert_words(std::string_view s);

struct ByteLevel {
  bool prefix_space = false;  // ' ' before a text that has none
  bool split = true;          // at GPT-2's expression; otherwise the text is one word

  // Each byte of a word is one character, GPT-2's: printable ones stand for themselves.
  std::vector<std::string> operator()(std::string_view s) const;
};

}  // namespace hone::tasks::text
