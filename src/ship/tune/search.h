// The search over precisions: solve, build what was solved for, and where it is not what was
// predicted, tighten and solve again.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ship/tune/network.h"

namespace hone::ship {

using Mixture = std::vector<std::string>;  // by layer, the precision of one of its options

struct RunTime {
  double us = 0;
  double low = 0, high = 0;  // interval of 98 %; 0, 0: none
};

struct SearchFunctions {
  // The share of the accuracy limit that the mixture uses, on held-out samples; grows with the
  // amplitude of its noise, so that squares of layers add up.
  std::function<Result<double>(const Mixture&)> used;
  // A run of the mixture's engine, measured in turns with the f32 engine's.
  std::function<Result<RunTime>(const Mixture&)> time;
  std::function<void(const std::string& what, double done, double all)> progress;  // may be empty
};

struct SearchGoal {
  double f32_us = 0;  // of a run in f32
  double max_us = 0;  // 0: the fastest within the accuracy limit
};

struct Found {
  Mixture precisions;
  double predicted_us = 0;
  double predicted_pm = 0;  // half of the 95 % interval that the medians of steps give it
  RunTime measured;
  double used = 0;                 // measured
  bool helps = false;              // false: nothing is faster than f32, which the mixture then is
  std::vector<std::string> tried;  // one line for each mixture that was measured
};

// Sets each option's error: the square of what the layer alone uses, scaled so that their sum over
// a precision is what all layers in it use together.
Status measure_errors(Network* network, const SearchFunctions& f);

// A mixture is only kept where its interval, if there is one, is below f32's time. Errors: differs
// where nothing is as fast as max_us, with the fastest there is.
Result<Found> search(Network network, const SearchFunctions& f, const SearchGoal& goal);

// Not the f32 one that takes the least time; nullptr where f32 is all there is.
const LayerOption* fastest_other(const TunedLayer& layer);
// Why the layer is f32, "" where it is not.
std::string why_float(const Network& network, const Mixture& chosen, size_t layer);
// "4 of 5 layers in int8"
std::string described(const Mixture& m);

}  // namespace hone::ship
