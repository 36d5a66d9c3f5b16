// Two engines in turns on this machine, opened anew at other addresses in every round, until the
// verdict is clear.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "ship/measure/compare.h"
#include "ship/measure/inputs.h"
#include "ship/measure/stats.h"

namespace hone::ship {

struct CompareOptions {
  double percentile = 0.5;
  double margin = 0.02;
  double duration_s = 30;         // at most; the round under way is finished
  std::optional<int64_t> rounds;  // exactly so many, looked at once
  int64_t reopen = 1;             // rounds per placement
  int threads = 1;
  uint64_t seed = 1;
  std::function<void(double done, double all)> progress;  // once a round; may be empty
};

// One side: an engine file's bytes, which outlive the comparison, and what it runs on.
struct Subject {
  std::string name;  // in front of errors
  std::span<const std::byte> engine;
  std::vector<Dims> shapes;
  const Inputs* inputs = nullptr;  // of these shapes
};

struct CompareResult {
  Judgement judgement;
  std::vector<Round> rounds;
  Summary a_ms, b_ms;  // of all runs
  double seconds = 0;
};

// Errors: those of opening, with the subject's name, and of running.
Result<CompareResult> compare_engines(const Subject& a, const Subject& b,
                                      const CompareOptions& options);

}  // namespace hone::ship
