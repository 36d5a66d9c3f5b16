// The search over precisions: solve, build what was solved for, and where it is not what was
// predicted, tighten and solve again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ship/tune/network.h"

namespace hone::ship {

using Mixture = std::vector<bool>;  // by layer: on integers

struct SearchFunctions {
  // The share of the accuracy limit that the mixture uses, on held-out samples; grows with the
  // amplitude of its noise, so that squares of layers add up.
  std::function<Result<double>(const Mixture&)> used;
  // A run of the mixture's engine, measured in turns with the f32 engine's.
  std::function<Result<double>(const Mixture&)> us;
  std::function<void(const std::string& what, double done, double all)> progress;  // may be empty
};

struct SearchGoal {
  double f32_us = 0;  // of a run in f32
  double max_us = 0;  // 0: the fastest within the accuracy limit
};

struct Found {
  Mixture int8;
  double predicted_us = 0, measured_us = 0;
  double used = 0;                 // measured
  bool helps = false;              // false: nothing is faster than f32, which `int8` then is
  std::vector<std::string> tried;  // one line for each mixture that was measured
};

// Sets each int8 option's error: the square of what the layer alone uses, scaled so that their sum
// is what all of them together use.
Status measure_errors(Network* network, const SearchFunctions& f);

// Errors: not_found where nothing is as fast as max_us, with the fastest there is.
Result<Found> search(Network network, const SearchFunctions& f, const SearchGoal& goal);

// Why the layer is as it is, "" where it computes on integers.
std::string why_float(const Network& network, const Mixture& chosen, size_t layer);

}  // namespace hone::ship
