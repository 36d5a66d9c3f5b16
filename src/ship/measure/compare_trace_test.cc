// What `hone compare` says, on recorded rounds of engines against themselves (testing/traces, by
// tools/record_trace.py, with their conditions inside), resampled in blocks that keep their drift
// and autocorrelation. 5 % slower is those rounds with B's times 5 % longer.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ship/measure/compare.h"

namespace hone::ship {
namespace {

struct Trace {
  std::vector<Round> rounds;
  size_t reopen = 1;  // rounds per placement
};

Trace read_trace(const std::string& name) {
  std::ifstream in(std::string(HONE_SOURCE_DIR "/src/ship/measure/testing/traces/") + name);
  nlohmann::json j = nlohmann::json::parse(in);
  Trace t;
  t.reopen = j["reopen"];
  for (size_t i = 0; i < j["a_ms"].size(); ++i) {
    t.rounds.push_back({j["placement"][i], j["a_ms"][i], j["b_ms"][i]});
  }
  return t;
}

// Rounds drawn from a trace as they are needed: blocks of 20 in a row, from where a placement
// begins, the trace closed to a circle.
class Resampled {
 public:
  Resampled(const Trace& trace, uint64_t seed) : trace_(trace), random_(seed) {}

  void grow_to(size_t n, std::vector<Round>* rounds, double slower) {
    const size_t all = trace_.rounds.size();
    for (; rounds->size() < n; ++at_, ++in_block_) {
      if (in_block_ % 20 == 0) at_ = random_() % (all / trace_.reopen) * trace_.reopen;
      if (in_block_ % trace_.reopen == 0) ++placement_;
      Round r = trace_.rounds[at_ % all];
      rounds->push_back({placement_, r.a_ms, r.b_ms * slower});
    }
  }

 private:
  const Trace& trace_;
  std::mt19937_64 random_;
  size_t at_ = 0, in_block_ = 0;
  int64_t placement_ = 0;
};

// As `hone compare` goes: looks until the verdict is clear.
template <class Source>
LatencyVerdict decide(Source& source, double slower, double margin, int64_t most = 303) {
  std::vector<Round> rounds;
  int look = 0;
  for (int64_t n = first_look; n <= most; n = next_look(n)) {
    source.grow_to(static_cast<size_t>(n), &rounds, slower);
    Judgement j = judge(rounds, {.margin = margin, .look = ++look});
    if (j.verdict != LatencyVerdict::inconclusive) return j.verdict;
  }
  return LatencyVerdict::inconclusive;
}

std::map<LatencyVerdict, int> trials(const Trace& trace, double slower, double margin = 0.02,
                                     int64_t most = 303) {
  std::map<LatencyVerdict, int> count;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Resampled source(trace, seed);
    ++count[decide(source, slower, margin, most)];
  }
  return count;
}

class QuickEngines : public testing::TestWithParam<const char*> {};

TEST_P(QuickEngines, IdenticalAreTheSame) {
  auto count = trials(read_trace(GetParam()), 1);
  EXPECT_LE(count[LatencyVerdict::regressed], 1);
  EXPECT_LE(count[LatencyVerdict::better], 1);
  EXPECT_GE(count[LatencyVerdict::same], 90);
}

TEST_P(QuickEngines, FivePercentSlowerIsCaught) {
  EXPECT_GE(trials(read_trace(GetParam()), 1.05)[LatencyVerdict::regressed], 95);
  EXPECT_GE(trials(read_trace(GetParam()), 1 / 1.05)[LatencyVerdict::better], 95);
}

INSTANTIATE_TEST_SUITE_P(Traces, QuickEngines,
                         testing::Values("small_under_load.json", "small_placements.json"));

// Runs of milliseconds on cores that others keep busy: rounds differ by their double. What cannot
// be told is said so.
TEST(LoadedEngine, IsNeitherCalledSlowerNorAcquitted) {
  Trace trace = read_trace("large_under_load.json");
  auto identical = trials(trace, 1, 0.02, 60), slower = trials(trace, 1.05, 0.02, 60);
  EXPECT_LE(identical[LatencyVerdict::regressed], 1);
  EXPECT_LE(identical[LatencyVerdict::better], 1);
  EXPECT_LE(slower[LatencyVerdict::same], 1);
  EXPECT_LE(slower[LatencyVerdict::better], 1);
}

// ---- What these traces do to methods that know less ----

// Rounds of one placement each, drawn singly and taken for placements of their own.
class OnePlacement {
 public:
  OnePlacement(const Trace& trace, uint64_t seed) : trace_(trace), random_(seed) {
    first_ = random_() % (trace.rounds.size() / trace.reopen) * trace.reopen;
  }
  void grow_to(size_t n, std::vector<Round>* rounds, double slower) {
    while (rounds->size() < n) {
      Round r = trace_.rounds[first_ + random_() % trace_.reopen];
      rounds->push_back({static_cast<int64_t>(rounds->size()), r.a_ms, r.b_ms * slower});
    }
  }

 private:
  const Trace& trace_;
  std::mt19937_64 random_;
  size_t first_;
};

TEST(NaiveMethods, OnePlacementCallsIdenticalEnginesSlower) {
  Trace trace = read_trace("small_placements.json");
  int regressed = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    OnePlacement source(trace, seed);
    if (decide(source, 1, 0.01) == LatencyVerdict::regressed) ++regressed;
  }
  EXPECT_GE(regressed, 5);
  EXPECT_LE(trials(trace, 1, 0.01)[LatencyVerdict::regressed], 1);
}

}  // namespace
}  // namespace hone::ship
