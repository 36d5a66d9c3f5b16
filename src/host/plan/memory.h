// Where buffers go in the arena: a pure function of lifetimes and sizes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hone::plan {

struct Lifetime {
  int first, last;  // steps that touch it, inclusive
  int64_t bytes;
};

struct Placement {
  std::vector<int64_t> offsets;  // multiples of `alignment`
  int64_t total = 0;
  int64_t lower_bound = 0;  // largest sum of (aligned) sizes alive at one step
};

// Greedy by size (largest first into the lowest gap that fits), then the best of that and of a few
// other orders (by lifetime, by start). Deterministic. O(n^2).
Placement place_buffers(std::span<const Lifetime> buffers, int64_t alignment = 64);

// For sizes unknown until shapes are bound: buffers that are never alive together share a slot.
// `bytes` are example sizes that guide the choice. Returns each buffer's slot.
struct SlotPlan {
  std::vector<int32_t> slot;
  int32_t slots = 0;
};
SlotPlan share_slots(std::span<const Lifetime> buffers);

}  // namespace hone::plan
