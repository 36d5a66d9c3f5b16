// When each step, and each thread's part of it, began and ended: for the profiler, in memory that
// it gives. hone_context::trace points at one while runs are to be recorded.
#pragma once

#include <cstdint>

#include "device/platform/threads.h"

namespace hone::runtime {

struct Span {
  uint64_t begin_ns, end_ns;  // CLOCK_MONOTONIC
  uint32_t step;
  int32_t phase;  // -1: the whole step, on the track of the run
};

struct Trace {
  Span* spans = nullptr;  // (threads + 1) x capacity: of each thread, then of whole steps
  uint32_t capacity = 0;  // of one track; what comes after it is dropped and counted
  int32_t threads = 0;
  uint32_t used[platform::max_threads + 1] = {};  // of a track; more than capacity: dropped

  // Track `threads` is the run's. Each track has one writer at a time.
  void add(int32_t track, const Span& span) {
    const uint32_t i = used[track]++;
    if (i < capacity) spans[static_cast<uint64_t>(track) * capacity + i] = span;
  }
};

}  // namespace hone::runtime
