#include "ship/tune/search.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::ship {
namespace {

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
  int engines = 0;

  SearchFunctions functions() {
    return {[this](const Mixture& m) -> Result<double> {
              double square = 0;
              int count = 0;
              for (size_t l = 0; l < m.size(); ++l) {
                if (m[l]) square += noise[l] * noise[l], ++count;
              }
              return std::sqrt(square) * (count > 1 ? more : 1);
            },
            [this](const Mixture& m) -> Result<double> {
              ++engines;
              double us = truth.other_us;
              for (size_t l = 0; l < m.size(); ++l) us += truth.layers[l].options[m[l] ? 1 : 0].us;
              for (const Border& b : truth.borders) {
                if (m[b.from] != m[b.to]) us += border_factor * b.us;
              }
              return us;
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
  EXPECT_EQ(found->int8, (Mixture{true, false, true, true, true}));
  EXPECT_DOUBLE_EQ(found->measured_us, 5 + 4 + 10 + 4 + 4 + 4 + 2 * 0.5);
  EXPECT_DOUBLE_EQ(found->predicted_us, found->measured_us);
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
  EXPECT_FALSE(found->int8[3]);
  EXPECT_GE(found->tried.size(), 2U);
}

TEST(TuneSearch, NeverSlowerThanFloat) {
  Fake fake;
  fake.border_factor = 100;  // conversions that no profile showed
  fake.noise[3] = 0.2;
  auto found = fake.find();
  ASSERT_TRUE(found.ok());
  // Once borders cost what they do, all on integers is the only way: 5 + 28 us.
  EXPECT_TRUE(found->helps ? found->measured_us < 55 : found->int8 == Mixture(5, false));
  for (LayerOption* o : {&fake.truth.layers[0].options[1], &fake.truth.layers[2].options[1],
                         &fake.truth.layers[3].options[1], &fake.truth.layers[4].options[1]}) {
    o->us = 30;
  }
  found = fake.find();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->helps);
  EXPECT_EQ(found->int8, Mixture(5, false));
  EXPECT_DOUBLE_EQ(found->measured_us, 55);
}

TEST(TuneSearch, TheMostAccurateWithinATime) {
  Fake fake;
  auto found = fake.find(44);
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_LE(found->measured_us, 44);
  EXPECT_FALSE(found->int8[3]);  // the noisy one is not needed
  found = fake.find(60);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->int8, Mixture(5, false));  // f32 is fast enough
}

TEST(TuneSearch, ATimeThatCannotBeIsSaidWithTheFastestThereIs) {
  Fake fake;
  auto found = fake.find(20);
  EXPECT_EQ(found.code(), Code::not_found);
  EXPECT_EQ(found.status().text(),
            "no mixture of precisions runs in 0.020 ms here: the fastest takes 0.032 ms, f32 "
            "0.055 ms");
}

TEST(TuneSearch, ReasonsOfLayersThatStayFloat) {
  Network n = five();
  n.layers[3].options[1].error = 0.9;
  const Mixture chosen = {true, false, false, false, true};
  EXPECT_EQ(why_float(n, chosen, 0), "");
  EXPECT_EQ(why_float(n, chosen, 1), "not faster in int8 here: 12.0 us against 10.0");
  EXPECT_EQ(why_float(n, chosen, 3), "6.0 us are not worth its error: 90.0 % of what may be lost");
  n.borders[1].us = n.borders[2].us = 4;
  EXPECT_EQ(why_float(n, chosen, 2), "converting at its borders takes the 6.0 us that int8 gains");
  n.layers[4].options.resize(1);
  EXPECT_EQ(why_float(n, Mixture(5, false), 4), "left float for accuracy");
}

}  // namespace
}  // namespace hone::ship
