#include "host/plan/memory.h"

#include <algorithm>
#include <numeric>

#include "common/base/checked.h"

namespace hone::plan {

namespace {

bool overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

int64_t lower_bound_of(std::span<const Lifetime> buffers, int64_t alignment) {
  int64_t worst = 0;
  for (const Lifetime& at : buffers) {  // the sum is largest where some buffer begins
    int64_t sum = 0;
    for (const Lifetime& b : buffers) {
      if (b.first <= at.first && at.first <= b.last) sum += round_up(b.bytes, alignment);
    }
    worst = std::max(worst, sum);
  }
  return worst;
}

// Puts each buffer, in the given order, into the lowest gap between those already placed that are
// alive with it.
Placement place_in_order(std::span<const Lifetime> buffers, std::span<const size_t> order,
                         int64_t alignment) {
  Placement p;
  p.offsets.assign(buffers.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    int64_t size = round_up(buffers[i].bytes, alignment), at = 0;
    for (size_t j : placed) {
      if (!overlap(buffers[i], buffers[j])) continue;
      if (p.offsets[j] >= at + size) break;
      at = std::max(at, p.offsets[j] + round_up(buffers[j].bytes, alignment));
    }
    p.offsets[i] = at;
    p.total = std::max(p.total, at + size);
    auto where = std::upper_bound(placed.begin(), placed.end(), i,
                                  [&](size_t a, size_t b) { return p.offsets[a] < p.offsets[b]; });
    placed.insert(where, i);
  }
  return p;
}

}  // namespace

Placement place_buffers(std::span<const Lifetime> buffers, int64_t alignment) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  auto length = [&](size_t i) { return buffers[i].last - buffers[i].first; };
  auto by_size = [&](size_t a, size_t b) {
    if (buffers[a].bytes != buffers[b].bytes) return buffers[a].bytes > buffers[b].bytes;
    if (length(a) != length(b)) return length(a) > length(b);
    return a < b;
  };
  auto by_length = [&](size_t a, size_t b) {
    return length(a) != length(b) ? length(a) > length(b) : by_size(a, b);
  };
  auto by_start = [&](size_t a, size_t b) {
    return buffers[a].first != buffers[b].first ? buffers[a].first < buffers[b].first
                                                : by_size(a, b);
  };
  auto by_area = [&](size_t a, size_t b) {
    int64_t x = buffers[a].bytes * (length(a) + 1), y = buffers[b].bytes * (length(b) + 1);
    return x != y ? x > y : by_size(a, b);
  };

  Placement best;
  bool first = true;
  auto attempt = [&](auto less) {
    std::sort(order.begin(), order.end(), less);
    Placement p = place_in_order(buffers, order, alignment);
    if (first || p.total < best.total) best = std::move(p);
    first = false;
  };
  attempt(by_size);
  attempt(by_length);
  attempt(by_start);
  attempt(by_area);
  best.lower_bound = lower_bound_of(buffers, alignment);
  return best;
}

SlotPlan share_slots(std::span<const Lifetime> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return buffers[a].bytes != buffers[b].bytes ? buffers[a].bytes > buffers[b].bytes : a < b;
  });
  SlotPlan plan;
  plan.slot.assign(buffers.size(), 0);
  std::vector<std::vector<size_t>> members;
  for (size_t i : order) {  // largest first: the slot it opens fits what joins later
    size_t s = 0;
    auto clashes = [&](size_t j) { return overlap(buffers[i], buffers[j]); };
    while (s < members.size() && std::any_of(members[s].begin(), members[s].end(), clashes)) ++s;
    if (s == members.size()) members.emplace_back();
    members[s].push_back(i);
    plan.slot[i] = static_cast<int32_t>(s);
  }
  plan.slots = static_cast<int32_t>(members.size());
  return plan;
}

}  // namespace hone::plan
