// Memory for a session that lies elsewhere each time: on fresh pages, at another offset in them.
//
// Two sessions of one engine in one process differ by where their weights and arenas lie (cache
// sets, page colours, addresses equal in their low 12 bits), for as long as they live (Mytkowicz et
// al. 2009, Producing Wrong Data Without Doing Anything Obviously Wrong). No number of rounds
// averages that away; opening the session again elsewhere does. docs/decisions has what it is
// worth.
#pragma once

#include <cstdint>
#include <random>

#include "hone/hone.h"

namespace hone::ship {

// Outlives what is allocated by it. Not for several threads.
class Placement {
 public:
  explicit Placement(uint64_t seed);
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  const hone_allocator* allocator() const { return &allocator_; }

 private:
  static void* allocate(void* self, size_t bytes, size_t align);
  static void release(void* self, void* memory, size_t bytes);

  std::mt19937_64 random_;
  hone_allocator allocator_;
};

}  // namespace hone::ship
