// Several runtimes on one model in one session: rounds in turns, ratios to the first with
// intervals, and whose outputs are right.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/model/tensor.h"

namespace hone::ship {

struct Contestant {
  std::string name;
  // Times of `runs` runs in ms, after `warm` untimed ones. `expected_ms`: what all may take.
  std::function<Result<std::vector<double>>(int runs, int warm, double expected_ms)> run;
  std::function<void(bool)> turn;  // its turn begins, ends; may be empty
};

struct RaceOptions {
  int rounds = 15;                         // 6 are the fewest that give an interval of 95 %
  double block_ms = 100;                   // one contestant's share of a round, or:
  int runs = 0;                            // of each in a round
  std::function<void(int, int)> progress;  // rounds done, of
};

struct Raced {
  std::string failed;              // why it is out; the rest is empty then
  std::vector<double> medians_ms;  // of each round
  std::vector<double> samples_ms;  // of all rounds
};

// Every contestant runs a block in every round, in an order that rotates and turns: what the
// machine does to one it does to all. One that fails is out, the others go on.
std::vector<Raced> race(const std::vector<Contestant>& contestants, const RaceOptions& options);

// A value and an interval about it.
struct Estimate {
  double value = 0, low = 0, high = 0;
};
// Median and an interval that holds the true median with probability >= 0.95, between two order
// statistics by the binomial distribution; the whole range of fewer than 6. `samples` not empty.
Estimate median_interval(std::vector<double> samples);
// Median over the rounds of a's time / b's.
Estimate ratio_of(const Raced& a, const Raced& b);
// Interquartile range of the rounds over their median; nullopt of fewer than 4.
std::optional<double> spread_of(const Raced& r);

struct NamedTensor {
  std::string name;
  Tensor value;
};
using Outputs = std::vector<NamedTensor>;

struct Difference {
  double worst = 0;    // infinite where there is nothing to compare
  std::string output;  // where
  std::string text;    // "'y' differs by 2.0e-01", "'y' is f32[2], not f32[3]"
};
// Largest |a - b| over the largest |b| of its channel (axis 1 from rank 3 on), a channel counting
// at least as a hundredth of the tensor's largest and as 1e-3. Bytes are quantised numbers: |a - b|
// over 255. Of other integers the share that differs. Outputs are paired by name, else by order;
// dimensions of 1 do not count.
Difference difference(const Outputs& a, const Outputs& b);

struct Agreement {
  size_t reference = 0;           // whose outputs the others are compared with
  std::vector<bool> right;        // agrees with the reference
  std::vector<Difference> worst;  // from the reference
};
// The largest group that agrees within `tolerance` with one of its own is right. In a tie the group
// of the contestant `trusted` decides, if it is in one, else that of the first. nullopt: no
// outputs, never right.
Agreement judge(const std::vector<std::optional<Outputs>>& outputs, double tolerance,
                size_t trusted);

}  // namespace hone::ship
