// Two engines layer by layer: which got slower, and what is different about it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ship/measure/against.h"
#include "ship/profile/layer_times.h"
#include "ship/profile/layers.h"

namespace hone::ship {

// Steps of A and steps of B that compute the same nodes. Engines fuse differently, so that a group
// is the smallest set of steps on both sides that share no node with any other step; one side may
// be empty.
struct LayerGroup {
  std::vector<std::string> nodes;  // each once, in order of A's steps, then B's
  std::vector<Layer> a, b;         // in order of the steps
};
// In order of A's first steps; those of B alone come last.
std::vector<LayerGroup> match_layers(const std::vector<Layer>& a, const std::vector<Layer>& b);

// What differs between the sides: precision, fusion, tactics, reorders, conversions, work. Empty:
// the same kernels on the same work.
std::vector<std::string> differences(const LayerGroup& group);

struct GroupDiff {
  LayerGroup group;
  double a_us = 0, b_us = 0;  // medians of the sums of its steps
  Estimate change_us;         // median of B - A, round by round
  std::string verdict;        // "slower", "faster", "same", "only in A", "only in B"
  std::vector<std::string> reasons;
};

struct DiffOptions {
  std::string a, b, a_hash, b_hash;      // for the record
  std::vector<Dims> a_shapes, b_shapes;  // empty: the session's default shapes
  double seconds = 2;
};
struct EngineDiff {
  std::string a, b, a_hash, b_hash;
  double a_us = 0, b_us = 0;  // medians of whole runs without timers
  Estimate ratio;             // median of B to A, round by round
  int64_t rounds = 0;
  std::vector<GroupDiff> groups;  // by absolute change, largest first
  std::vector<std::string> warnings;
};

// Below that share of A's time a change counts as the same, whatever its interval; the second for
// groups that do not differ, which move by several percent with where their memory happens to lie.
constexpr double same_margin = 0.02, unchanged_margin = 0.1;

// A and B take turns, changing who begins. Inputs are the same seeded noise. At least 6 rounds.
Result<EngineDiff> diff_engines(Session& a, Session& b, const DiffOptions& options);

nlohmann::json to_json(const EngineDiff& diff);

}  // namespace hone::ship
