// How sequences become one input: special tokens around them, their types, room and padding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace hone::tasks::text {

struct Encoding {
  std::vector<int32_t> ids, type_ids, attention_mask;  // of one length; mask 0: padding
};

enum class Direction { left, right };
enum class Overlong { longest_first, only_first, only_second };  // which of a pair is shortened

struct Template {
  struct Piece {
    int sequence = -1;         // 0 or 1; -1: the ids
    std::vector<int32_t> ids;  // special tokens
    int32_t type = 0;
  };
  std::vector<Piece> pieces;

  int64_t special_count() const;
  // Sequences: one or two, as many as the pieces name.
  Encoding apply(const std::vector<std::vector<int32_t>>& sequences) const;
};

struct Truncation {
  int64_t max_length = 0;  // special tokens included; 0: no limit
  Direction side = Direction::right;
  Overlong strategy = Overlong::longest_first;

  // Errors: invalid_argument where no length satisfies it.
  Status apply(std::vector<std::vector<int32_t>>* sequences, int64_t special_count) const;
};

struct Padding {
  int64_t length = 0;  // at least so many
  int64_t multiple = 1;
  int32_t id = 0, type = 0;
  Direction side = Direction::right;

  void apply(Encoding* e) const;
};

}  // namespace hone::tasks::text
