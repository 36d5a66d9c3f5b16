#include "host/quant/costliest.h"

#include <gtest/gtest.h>

#include <map>

namespace hone::quant {
namespace {

const std::vector<std::string> layers = {"a", "b", "c", "d", "e", "f", "g"};

// Each layer adds its own noise unless it is float.
struct Model {
  std::map<std::string, double> noise;
  int losses = 0;
  LossOf loss() {
    return [this](const std::set<std::string>& left) -> Result<double> {
      ++losses;
      double sum = 0;
      for (const auto& [layer, n] : noise) sum += left.contains(layer) ? 0 : n;
      return sum;
    };
  }
};

TEST(Costliest, FindsLayersInTheOrderOfTheirCost) {
  Model m{{{"a", .1}, {"b", 8}, {"c", .1}, {"d", .1}, {"e", .1}, {"f", 3}, {"g", .1}}};
  const auto found = costliest_layers(layers, 3, m.loss());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)[0], "b");
  EXPECT_EQ((*found)[1], "f");
  // What is left is even: each is a fifth of it, until three are found.
  EXPECT_EQ(found->size(), 3u);
  EXPECT_LE(m.losses, 1 + 3 * 2 * 3);
}

TEST(Costliest, EndsWhereNoLayerStandsOut) {
  Model even;
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back("layer" + std::to_string(i));
    even.noise[many.back()] = 1;
  }
  EXPECT_EQ(costliest_layers(many, 3, even.loss())->size(), 0u);
}

TEST(Costliest, TakesWhatThereIs) {
  Model one{{{"a", 1}}};
  EXPECT_EQ(*costliest_layers(std::vector<std::string>{"a"}, 3, one.loss()),
            std::vector<std::string>{"a"});
  EXPECT_EQ(costliest_layers({}, 3, one.loss())->size(), 0u);
  const auto broken = [](const std::set<std::string>&) -> Result<double> {
    return invalid("no such layer");
  };
  EXPECT_EQ(costliest_layers(layers, 3, broken).status().text(), "no such layer");
}

}  // namespace
}  // namespace hone::quant
