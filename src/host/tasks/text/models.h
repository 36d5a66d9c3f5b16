// From a word to the numbers of its parts.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/status.h"
#include "host/tasks/text/vocabulary.h"

namespace hone::tasks::text {

// The longest part that the vocabulary has, again and again; parts after the first are looked up
// with a prefix. A word that cannot be made up so, or is too long, is the unknown token.
struct WordPiece {
  Vocabulary vocabulary;
  std::string unknown = "[UNK]";
  std::string prefix = "##";
  int64_t max_characters = 100;

  // Errors: not_found, where the unknown token is wanted and has no number.
  Status append(std::string_view word, std::vector<int32_t>* ids) const;

 private:
  struct Part {
    int32_t id = -1;
    size_t size = 0;  // bytes; 0: there is none
  };
  // The longest beginning of `rest` that is in the vocabulary with `before` in front.
  Part longest(std::string_view rest, std::string_view before) const;
};

// Byte-pair encoding: the characters of a word, neighbours merged in the order of the merges'
// ranks.
struct Bpe {
  struct Merge {
    int32_t rank, id;
  };

  Vocabulary vocabulary;
  std::unordered_map<uint64_t, Merge> merges;  // by pair_key
  std::string unknown;                         // empty: what is unknown is dropped
  bool fuse_unknown = false;                   // neighbouring unknown characters are one token
  bool whole_words_first = false;              // a word of the vocabulary is not taken apart

  static uint64_t pair_key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  Status append(std::string_view word, std::vector<int32_t>* ids) const;

 private:
  Result<std::vector<int32_t>> characters(std::string_view word) const;
  void merge(std::vector<int32_t>* symbols) const;
};

}  // namespace hone::tasks::text
