// Is B slower than A? From rounds in turns (interleave.h) to a verdict.
//
// The ratio is exp of the trimmed mean, over placements, of log(b / a): a round's ratio holds
// whatever speed the machine had in that round. Placements, not rounds, are what is resampled
// (cluster bootstrap): two sessions of one engine differ by where their memory lies, for as long as
// they live. Measured on an EPYC (Zen 4), examples/fashion against itself: rounds of one placement
// 0.04 % apart, placements 0.6 to 0.9 % apart, up to 1.7 %; docs/decisions/0004. So `hone compare`
// opens both sides anew, at other addresses, in every round.
//
// Rounds are added until the verdict is clear, so the interval is looked at several times. Look i
// may err with error / (i (i + 1)), which sums to `error` over any number of looks (Bonferroni;
// the intervals are the repeated confidence intervals of Jennison & Turnbull 1989): each bound
// holds with 1 - error = 99 %, all looks together, and `regressed` is said of an engine not slower
// than the margin in at most 1 of 100 runs, `same` of one outside of it likewise.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "ship/measure/bootstrap.h"
#include "ship/measure/interleave.h"

namespace hone::ship {

enum class LatencyVerdict { regressed, same, better, inconclusive };
const char* name(LatencyVerdict v);

struct JudgeOptions {
  double margin = 0.02;  // ratios from 1 / (1 + margin) to 1 + margin are the same
  double error = 0.01;   // of each side
  int look = 0;          // which look at a growing series this is, from 1; 0: the only one
  double floor_ms = 0;   // differences below it are not measured: clock_resolution_ms()
};

struct Judgement {
  LatencyVerdict verdict = LatencyVerdict::inconclusive;
  double ratio = 1, low = 0,
         high = 0;  // b / a; low = high = 0 where rounds do not give an interval
  int64_t rounds = 0;
  std::string reason;  // of inconclusive
  std::optional<int64_t>
      more_rounds;  // that would likely decide; not set where decided or hopeless
};

// Of an interval of log(b / a) against the margin.
LatencyVerdict verdict_of(const Interval& logs, double margin);

// Rounds in order of time. A pure function: the same rounds give the same bits.
Judgement judge(std::span<const Round> rounds, const JudgeOptions& options);

// Rounds to look at: 12, then half as many again each time.
constexpr int64_t first_look = 12;
constexpr int64_t next_look(int64_t rounds) { return rounds + (rounds + 1) / 2; }

}  // namespace hone::ship
