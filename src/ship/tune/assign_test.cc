#include "ship/tune/assign.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hone::ship {
namespace {

struct Network {
  std::vector<TunedLayer> layers;
  std::vector<Border> borders;
};

// Layers in f32 (no error) and int8, some in bf16 too; borders along the chain and some skips.
Network random_network(uint32_t seed, size_t count) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> u(0, 1);
  Network n;
  for (size_t l = 0; l < count; ++l) {
    const double us = 10 * u(rng) + 0.1;
    TunedLayer layer{"n" + std::to_string(l),
                     {{"f32", us, 0}, {"int8", us * (0.2 + u(rng)), u(rng)}}};
    if (l % 3 == 0) layer.options.push_back({"bf16", us * (0.5 + u(rng)), 0.2 * u(rng)});
    n.layers.push_back(std::move(layer));
    if (l > 0) n.borders.push_back({l - 1, l, u(rng)});
    if (l > 2 && l % 2 == 0) n.borders.push_back({l - 3, l, u(rng)});
  }
  return n;
}

Assignment cost_of(const Network& n, const std::vector<size_t>& options) {
  Assignment a{options, 0, 0};
  for (size_t l = 0; l < options.size(); ++l) {
    a.us += n.layers[l].options[options[l]].us;
    a.error += n.layers[l].options[options[l]].error;
  }
  for (const Border& b : n.borders) {
    const auto& p = [&](size_t l) { return n.layers[l].options[options[l]].precision; };
    if (p(b.from) != p(b.to)) a.us += b.us;
  }
  return a;
}

template <class Visit>
void all_choices(const Network& n, Visit visit) {
  std::vector<size_t> options(n.layers.size(), 0);
  for (;;) {
    visit(cost_of(n, options));
    size_t l = 0;
    while (l < options.size() && ++options[l] == n.layers[l].options.size()) options[l++] = 0;
    if (l == options.size()) return;
  }
}

// Every choice tried: 2^6 x 3^3 of them.
TEST(Assign, IsTheBestOfAllChoices) {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    const Network n = random_network(seed, 9);
    for (double limit : {0.0, 0.3, 1.0, 2.5, 100.0}) {
      double best = HUGE_VAL;
      all_choices(n, [&](const Assignment& a) {
        if (a.error <= limit) best = std::min(best, a.us);
      });
      auto found = fastest_within(n.layers, n.borders, limit);
      ASSERT_TRUE(found.ok()) << found.status().text();
      EXPECT_LE(found->error, limit * (1 + 1e-6));
      EXPECT_NEAR(found->us, best, 1e-6 * best) << "seed " << seed << " limit " << limit;
      EXPECT_DOUBLE_EQ(found->us, cost_of(n, found->options).us);
    }
    for (double share : {0.8, 0.95, 1.5}) {
      double us = 0, best = HUGE_VAL;
      for (const TunedLayer& l : n.layers) us += l.options[0].us;
      all_choices(n, [&](const Assignment& a) {
        if (a.us <= share * us) best = std::min(best, a.error);
      });
      auto found = most_accurate_within(n.layers, n.borders, share * us);
      ASSERT_EQ(found.ok(), std::isfinite(best));
      if (!found.ok()) continue;
      EXPECT_LE(found->us, share * us * (1 + 1e-6));
      EXPECT_NEAR(found->error, best, 1e-6);
    }
  }
}

// What is slower in int8 stays; what gains less than its conversions cost stays too.
TEST(Assign, ConversionsCountAgainstALayer) {
  std::vector<TunedLayer> layers = {{"a", {{"f32", 5, 0}, {"int8", 4, 0}}},
                                    {"b", {{"f32", 5, 0}}},
                                    {"c", {{"f32", 5, 0}, {"int8", 9, 0}}}};
  auto free = fastest_within(layers, {}, 1);
  ASSERT_TRUE(free.ok());
  EXPECT_EQ(free->options, (std::vector<size_t>{1, 0, 0}));
  auto dear = fastest_within(layers, {{0, 1, 1.5}, {1, 2, 1.5}}, 1);
  ASSERT_TRUE(dear.ok());
  EXPECT_EQ(dear->options, (std::vector<size_t>{0, 0, 0}));
}

TEST(Assign, HundredsOfLayersAreNoMatter) {
  const Network n = random_network(7, 300);
  auto a = fastest_within(n.layers, n.borders, 20);
  ASSERT_TRUE(a.ok());
  auto b = fastest_within(n.layers, n.borders, 20);
  EXPECT_EQ(a->options, b->options);
  EXPECT_LE(a->error, 20 * (1 + 1e-6));
}

TEST(Assign, SaysWhatCannotBe) {
  const std::vector<TunedLayer> layers = {{"a", {{"int8", 4, 0.5}}}, {"b", {{"f32", 5, 0}}}};
  EXPECT_EQ(fastest_within(layers, {}, 0.1).status().text(),
            "no choice of precisions has an error of 0.1 or less; the least is 0.5");
  EXPECT_EQ(most_accurate_within(layers, {{0, 1, 2}}, 10).status().text(),
            "no choice of precisions takes 10 us or less; the fastest takes 11");
  EXPECT_EQ(fastest_within({{"a", {}}}, {}, 1).code(), Code::invalid_argument);
  EXPECT_EQ(fastest_within({{"a", {{"f32", NAN, 0}}}}, {}, 1).code(), Code::invalid_argument);
  EXPECT_EQ(fastest_within(layers, {{0, 2, 1}}, 1).code(), Code::invalid_argument);
  EXPECT_EQ(fastest_within(layers, {}, -1).code(), Code::invalid_argument);
  EXPECT_TRUE(fastest_within({}, {}, 0).ok());
}

}  // namespace
}  // namespace hone::ship
