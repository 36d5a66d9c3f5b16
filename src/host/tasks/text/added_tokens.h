// Tokens that are found in a text before anything cuts it: [CLS], <mask>, what a user added.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace hone::tasks::text {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool single_word = false;             // not inside a word
  bool lstrip = false, rstrip = false;  // takes the blanks on that side with it
};

class AddedTokens {
 public:
  // Errors: invalid_argument (an empty content, the same one twice).
  Status add(AddedToken token);

  struct Piece {
    std::string_view text;
    int32_t id = -1;  // -1: text between tokens
  };
  // Leftmost, of those the longest. Pieces without text and id are left out.
  std::vector<Piece> split(std::string_view s) const;

 private:
  const AddedToken* match(std::string_view s, size_t at) const;

  std::array<std::vector<AddedToken>, 256> by_first_byte_;  // longest first
};

}  // namespace hone::tasks::text
