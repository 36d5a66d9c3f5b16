// A few runs as events on a time line: Chrome's trace JSON, which chrome://tracing and
// ui.perfetto.dev read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "device/runtime/trace.h"
#include "ship/profile/layers.h"

namespace hone::ship {

struct Recording {
  struct Run {
    uint64_t begin_ns = 0, end_ns = 0;
  };
  std::vector<Run> runs;
  std::vector<runtime::Span> steps;                 // in order of time
  std::vector<std::vector<runtime::Span>> threads;  // of each thread, its parts of the steps
  int64_t dropped = 0;                              // spans that found no room
};

// Runs a session that is bound and has its inputs.
Result<Recording> record(Session& session, int runs);

// One process; track 0: the runs and within them their steps; with several threads a track for
// each. Complete events ("X") that nest, microseconds from the first run's begin.
nlohmann::json chrome_trace(const Recording& recording, const std::vector<Layer>& layers,
                            const std::string& name);

}  // namespace hone::ship
