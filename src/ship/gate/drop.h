// How much worse is the engine than its baseline on the same samples? Top-1: pairs where one of the
// two is right and the other wrong.
#pragma once

#include <cstdint>
#include <string>

namespace hone::ship {

// Of an interval of 95 % each bound is wrong at most once in 40 (two-sided).
constexpr double tail = 0.025;
// The normal deviate that a tail of `p` lies beyond: 1.96 for 0.025.
double deviate(double p);

// Paired outcomes of baseline and engine on the same samples.
struct Paired {
  std::string name;  // of the class; "" overall
  int64_t samples = 0;
  int64_t lost = 0;    // baseline right, engine wrong
  int64_t gained = 0;  // baseline wrong, engine right

  // Counts that can be: none negative, no more pairs than samples.
  bool possible() const;
};

// Drop in points with its 95 % interval.
struct Drop {
  double points = 0, low = 0, high = 0;
};

// The score interval of Tango for the difference of two proportions of the same samples: all drops
// that the score test does not reject. Unlike Wald's it has a width where no pair differs (0 of
// 2,000: [-0.19, 0.19]) and keeps its coverage for small samples.
// T. Tango, Equivalence test and confidence interval for the difference in proportions for the
// paired-sample design, Statistics in Medicine 17 (1998) 891-908; recommended by M. W. Fagerland,
// S. Lydersen, P. Laake, Statistics in Medicine 33 (2014) 2850-2875. No sample: [-100, 100].
Drop drop_of(const Paired& p);

// The score statistic against "the drop is `limit` points": standard normal where it is; positive
// where more was lost.
double drop_z(const Paired& p, double limit);

// The chance of so many lost pairs, or more, where the drop is at most `limit` points: the larger
// of the score test's and of McNemar's exact one, so that few samples never show what the exact
// test does not.
double drop_p(const Paired& p, double limit);

// McNemar's exact test (binomial, one half): P(at least `lost` of the pairs that differ), where
// both are equally good; and two-sided, for reports.
double mcnemar_more_lost(const Paired& p);
double mcnemar(const Paired& p);

}  // namespace hone::ship
