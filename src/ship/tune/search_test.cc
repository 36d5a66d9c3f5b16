#include "ship/tune/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace hone::ship {
namespace {

Mixture mixture(std::initializer_list<bool> int8) {
  Mixture m;
  for (const bool b : int8) m.emplace_back(b ? "int8" : "f32");
  return m;
}

// Five layers in a row. The second is slower in int8, the fourth is noisy.
Network five() {
  Network n;
  const double f32[] = {10, 10, 10, 10, 10}, int8[] = {4, 12, 4, 4, 4};
  for (size_t l = 0; l < 5; ++l) {
    const std::string name = "c" + std::to_string(l);
    n.layers.push_back({name, {{"f32", f32[l], 0}, {"int8", int8[l], 0}}});
    n.nodes.push_back({name});
    if (l > 0) n.borders.push_back({l - 1, l, 0.5});
  }
  n.other_us = 5;
  return n;
}

// A machine and a model that are what the network says, but for what a test changes.
struct Fake {
  Network truth = five();
  std::vector<double> noise = {0.2, 0.2, 0.2, 0.95, 0.2};
  double more = 1;  // of the noise of several layers together
  double border_factor = 1;
  double doubt = 0;  // half the interval of a time, as a share; 0: no interval is given
  int engines = 0;

  SearchFunctions functions() {
    return {[this](const Mixture& m) -> Result<double> {
              double square = 0;
              int count = 0;
              for (size_t l = 0; l < m.size(); ++l) {
                if (m[l] == "int8") square += noise[l] * noise[l], ++count;
              }
              return std::sqrt(square) * (count > 1 ? more : 1);
            },
            [this](const Mixture& m) -> Result<RunTime> {
              ++engines;
              double us = truth.other_us;
              for (size_t l = 0; l < m.size(); ++l) {
                us += truth.layers[l].options[m[l] == "int8" ? 1 : 0].us;
              }
              for (const Border& b : truth.borders) {
                if (m[b.from] != m[b.to]) us += border_factor * b.us;
              }
              return RunTime{us, (1 - doubt) * us, doubt > 0 ? (1 + doubt) * us : 0};
            },
            {}};
  }

  Result<Found> find(double max_us = 0) {
    Network n = five();
    const SearchFunctions f = functions();
    HONE_RETURN_IF_ERROR(measure_errors(&n, f));
    return search(n, f, {55, max_us});
  }
};

TEST(TuneSearch, ErrorsOfLayersSumToWhatAllUseTogether) {
  Fake fake;
  fake.more = 1.5;
  Network n = five();
  const SearchFunctions f = fake.functions();
  ASSERT_TRUE(measure_errors(&n, f).ok());
  double sum = 0;
  for (const TunedLayer& l : n.layers) sum += l.options[1].error;
  EXPECT_NEAR(sum, 1.5 * 1.5 * (4 * 0.04 + 0.9025), 1e-9);
  EXPECT_NEAR(n.layers[3].options[1].error / n.layers[0].options[1].error, 0.9025 / 0.04, 1e-9);
}

TEST(TuneSearch, WhatIsSlowerStaysFloatAndTheRestIsOnIntegers) {
  Fake fake;
  fake.noise[3] = 0.2;
  auto found = fake.find();
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_TRUE(found->helps);
  EXPECT_EQ(found->precisions, mixture({true, false, true, true, true}));
  EXPECT_DOUBLE_EQ(found->measured.us, 5 + 4 + 10 + 4 + 4 + 4 + 2 * 0.5);
  EXPECT_DOUBLE_EQ(found->predicted_us, found->measured.us);
  EXPECT_EQ(fake.engines, 2);  // and all on integers, which must not be faster
}

// Together they are noisier than the sum says: the loudest goes, and what is kept is measured.
TEST(TuneSearch, TightensUntilTheLimitHolds) {
  Fake fake;
  Network n = five();
  const SearchFunctions f = fake.functions();
  ASSERT_TRUE(measure_errors(&n, f).ok());
  for (TunedLayer& l : n.layers) l.options[1].error *= 0.5;  // an estimate that is too kind
  auto found = search(n, f, {55, 0});
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->helps);
  EXPECT_LE(found->used, 1);
  EXPECT_EQ(found->precisions[3], "f32");
  EXPECT_GE(found->tried.size(), 2U);
}

// The noisy layer stays float, and beside it the last, too, while borders seem to cost what it
// gains.
TEST(TuneSearch, BordersThatCostLessThanThoughtAreTriedAgain) {
  Fake fake;
  fake.noise[3] = 1.5;
  Network n = five();
  for (Border& b : n.borders) b.us = 7;
  fake.truth = n;
  fake.border_factor = 0.01;
  const SearchFunctions f = fake.functions();
  ASSERT_TRUE(measure_errors(&n, f).ok());
  auto found = search(n, f, {55, 0});
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_EQ(found->precisions[3], "f32");
  EXPECT_EQ(found->precisions[4], "int8");
  EXPECT_GE(found->tried.size(), 2U);
}

TEST(TuneSearch, NeverSlowerThanFloat) {
  Fake fake;
  fake.border_factor = 100;  // conversions that no profile showed
  fake.noise[3] = 0.2;
  auto found = fake.find();
  ASSERT_TRUE(found.ok());
  // Once borders cost what they do, all on integers is the only way: 5 + 28 us.
  EXPECT_TRUE(found->helps ? found->measured.us < 55 : found->precisions == Mixture(5, "f32"));
  for (LayerOption* o : {&fake.truth.layers[0].options[1], &fake.truth.layers[2].options[1],
                         &fake.truth.layers[3].options[1], &fake.truth.layers[4].options[1]}) {
    o->us = 30;
  }
  found = fake.find();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->helps);
  EXPECT_EQ(found->precisions, Mixture(5, "f32"));
  EXPECT_DOUBLE_EQ(found->measured.us, 55);
}

// 33 us of f32's 55, but within 50 %: not shown to be faster.
TEST(TuneSearch, WhatMayBeSlowerIsNotKept) {
  Fake fake;
  fake.noise[3] = 0.2;
  fake.doubt = 0.9;
  auto found = fake.find();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->helps);
  EXPECT_EQ(found->precisions, Mixture(5, "f32"));
  EXPECT_FALSE(found->tried.empty());
}

// A third precision, faster than f32 and as good: what is too noisy for int8 goes there.
TEST(TuneSearch, ThreePrecisions) {
  Network n = five();
  for (TunedLayer& l : n.layers) {
    l.options[1].error = 0.1;
    l.options.push_back({"bf16", 6, 1e-6});
  }
  n.layers[3].options[1].error = 2;
  const SearchFunctions f{[](const Mixture&) -> Result<double> { return 0.5; },
                          [&](const Mixture& m) -> Result<RunTime> {
                            double us = n.other_us;
                            for (size_t l = 0; l < m.size(); ++l) {
                              for (const LayerOption& o : n.layers[l].options)
                                us += o.precision == m[l] ? o.us : 0;
                            }
                            return RunTime{us};
                          },
                          {}};
  auto found = search(n, f, {55, 0});
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_EQ(found->precisions, (Mixture{"int8", "bf16", "int8", "bf16", "int8"}));
  EXPECT_EQ(described(found->precisions), "2 of 5 layers in bf16, 3 in int8");
}

// What prediction calls too slow and is not: the time left over is used for accuracy.
TEST(TuneSearch, TimeThatIsLeftGoesIntoAccuracy) {
  Fake fake;
  Network n = five();
  const SearchFunctions f = fake.functions();
  ASSERT_TRUE(measure_errors(&n, f).ok());
  n.other_us += 10;  // which no run takes
  auto found = search(n, f, {55, 50.2});
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_TRUE(found->helps);
  EXPECT_LE(found->measured.us, 50.2);
  EXPECT_EQ(std::count(found->precisions.begin(), found->precisions.end(), "int8"), 1);
}

TEST(TuneSearch, TheMostAccurateWithinATime) {
  Fake fake;
  auto found = fake.find(44);
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_LE(found->measured.us, 44);
  EXPECT_EQ(found->precisions[3], "f32");  // the noisy one is not needed
  found = fake.find(60);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->precisions, Mixture(5, "f32"));  // f32 is fast enough
}

TEST(TuneSearch, ATimeThatCannotBeIsSaidWithTheFastestThereIs) {
  Fake fake;
  auto found = fake.find(20);
  EXPECT_EQ(found.code(), Code::differs);
  EXPECT_EQ(found.status().text(),
            "no mixture of precisions runs in 0.020 ms here: the fastest takes 0.032 ms, f32 "
            "0.055 ms");
}

TEST(TuneSearch, ReasonsOfLayersThatStayFloat) {
  Network n = five();
  n.layers[3].options[1].error = 0.9;
  const Mixture chosen = mixture({true, false, false, false, true});
  EXPECT_EQ(why_float(n, chosen, 0), "");
  EXPECT_EQ(why_float(n, chosen, 1), "not faster in int8 here: 12.0 us against 10.0");
  EXPECT_EQ(why_float(n, chosen, 3), "6.0 us are not worth its error: 90.0 % of what may be lost");
  n.borders[1].us = n.borders[2].us = 4;
  EXPECT_EQ(why_float(n, chosen, 2), "converting at its borders takes the 6.0 us that int8 gains");
  n.layers[4].options.resize(1);
  EXPECT_EQ(why_float(n, Mixture(5, "f32"), 4), "left float for accuracy");
}

}  // namespace
}  // namespace hone::ship
