#include "host/tasks/text/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/checked.h"

namespace hone::tasks::text {

namespace {

using Ids = std::vector<int32_t>;

void shorten(Ids* ids, int64_t length, Direction side) {
  const int64_t excess = static_cast<int64_t>(ids->size()) - length;
  if (excess <= 0) return;
  if (side == Direction::right) {
    ids->resize(static_cast<size_t>(length));
  } else {
    ids->erase(ids->begin(), ids->begin() + excess);
  }
}

// Lengths of a pair within `room`: the shorter one keeps its own as long as it is below a half.
void share(int64_t room, int64_t* first, int64_t* second) {
  int64_t shorter = std::min(*first, *second);
  int64_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  const bool swapped = *first > *second;
  *first = swapped ? longer : shorter;
  *second = swapped ? shorter : longer;
}

void insert(Ids* ids, size_t count, int32_t value, Direction side) {
  ids->insert(side == Direction::right ? ids->end() : ids->begin(), count, value);
}

}  // namespace

int64_t Template::special_count() const {
  int64_t n = 0;
  for (const Piece& p : pieces) n += p.sequence < 0 ? static_cast<int64_t>(p.ids.size()) : 0;
  return n;
}

Encoding Template::apply(const std::vector<Ids>& sequences) const {
  Encoding e;
  for (const Piece& p : pieces) {
    const Ids& ids = p.sequence < 0 ? p.ids : sequences[static_cast<size_t>(p.sequence)];
    e.ids.insert(e.ids.end(), ids.begin(), ids.end());
    e.type_ids.resize(e.ids.size(), p.type);
  }
  e.attention_mask.assign(e.ids.size(), 1);
  return e;
}

Status Truncation::apply(std::vector<Ids>* sequences, int64_t special_count) const {
  if (max_length == 0) return ok_status();
  const int64_t room = max_length - special_count;
  if (room < 0) {
    return invalid(fmt::format("a length of {} has no room for the {} special tokens", max_length,
                               special_count));
  }
  int64_t total = 0;
  for (const Ids& s : *sequences) total += static_cast<int64_t>(s.size());
  if (total <= room) return ok_status();
  const bool pair = sequences->size() > 1;
  if (room > 0 && (strategy != Overlong::longest_first || !pair)) {
    const size_t which = strategy == Overlong::only_second ? 1 : 0;
    if (which >= sequences->size()) {
      return invalid("only the second text may be shortened, and there is but one");
    }
    Ids* ids = &(*sequences)[which];
    const int64_t left = static_cast<int64_t>(ids->size()) - (total - room);
    if (left <= 0) {
      return invalid(fmt::format("one text leaves no room for the other in {}", max_length));
    }
    shorten(ids, left, side);
    return ok_status();
  }
  int64_t lengths[2] = {0, 0};
  if (room > 0) {
    lengths[0] = static_cast<int64_t>((*sequences)[0].size());
    lengths[1] = static_cast<int64_t>((*sequences)[1].size());
    share(room, &lengths[0], &lengths[1]);
  }
  for (size_t i = 0; i < sequences->size(); ++i) shorten(&(*sequences)[i], lengths[i], side);
  return ok_status();
}

void Padding::apply(Encoding* e) const {
  const auto size = static_cast<int64_t>(e->ids.size());
  const int64_t wanted = round_up(std::max(size, length), multiple);
  const auto count = static_cast<size_t>(wanted - size);
  insert(&e->ids, count, id, side);
  insert(&e->type_ids, count, type, side);
  insert(&e->attention_mask, count, 0, side);
}

}  // namespace hone::tasks::text
