#include "host/plan/stack.h"

#include <gtest/gtest.h>

#include <random>

namespace hone::plan {
namespace {

// Sizes as batches, sequences and constants make them, and their bytes at given sizes.
std::vector<Dim> random_sizes(std::mt19937& rng, size_t n) {
  const Dim b = Dim::symbol("b"), s = Dim::symbol("s");
  const Dim kinds[] = {b, b * s, s, b * s * s, Dim(1), min(s, Dim(16)), ceil_div(b * s, Dim(64))};
  std::vector<Dim> sizes;
  for (size_t i = 0; i < n; ++i) {
    const auto times = static_cast<int64_t>(1 + rng() % 40);
    sizes.push_back(kinds[rng() % std::size(kinds)] * Dim(times));
  }
  return sizes;
}

std::vector<Lifetime> at(const std::vector<Lifetime>& lives, const std::vector<Dim>& sizes,
                         const std::map<std::string, int64_t>& values) {
  std::vector<Lifetime> sized = lives;
  for (size_t i = 0; i < lives.size(); ++i) sized[i].bytes = 64 * *sizes[i].evaluate(values);
  return sized;
}

TEST(StackBuffers, NeverOverlapAtAnySizes) {
  std::mt19937 rng(7);
  int stacked = 0;
  for (int set = 0; set < 60; ++set) {
    const size_t n = 2 + rng() % 25;
    std::vector<Lifetime> lives;
    for (size_t i = 0; i < n; ++i) {
      const int first = static_cast<int>(rng() % 20);
      lives.push_back({first, first + static_cast<int>(rng() % 4), 0});
    }
    const auto sizes = random_sizes(rng, n);
    const auto example = at(lives, sizes, {{"b", 2}, {"s", 24}});
    const Placement placement = place_buffers(example, 64);
    const auto offsets = stack_buffers(example, sizes, placement);
    if (!offsets) continue;
    ++stacked;
    for (const auto& [b, s] : {std::pair{0, 0}, {1, 1}, {2, 24}, {1, 500}, {64, 3}, {7, 17}}) {
      const std::map<std::string, int64_t> values = {{"b", b}, {"s", s}};
      const auto sized = at(lives, sizes, values);
      for (size_t i = 0; i < n; ++i) {
        const int64_t from = 64 * *(*offsets)[i].evaluate(values);
        ASSERT_GE(from, 0);
        if (b == 2) {
          ASSERT_LE(from, placement.offsets[i]);
        }
        for (size_t j = 0; j < i; ++j) {
          if (lives[i].first > lives[j].last || lives[j].first > lives[i].last) continue;
          const int64_t other = 64 * *(*offsets)[j].evaluate(values);
          ASSERT_TRUE(from + sized[i].bytes <= other || other + sized[j].bytes <= from)
              << "set " << set << ": " << i << " and " << j << " for b " << b << ", s " << s;
        }
      }
    }
  }
  EXPECT_GT(stacked, 40);
}

TEST(StackBuffers, OfOneUnitAreThePlacement) {
  const Dim n = Dim::symbol("n");
  const std::vector<Lifetime> lives = {{0, 1, 640}, {1, 2, 320}, {2, 3, 320}, {1, 3, 64}};
  const std::vector<Dim> sizes = {n * Dim(10), n * Dim(5), n * Dim(5), n};
  const Placement placement = place_buffers(lives, 64);
  const auto offsets = stack_buffers(lives, sizes, placement);
  ASSERT_TRUE(offsets);
  for (size_t i = 0; i < lives.size(); ++i) {
    EXPECT_EQ((*offsets)[i], n * Dim(placement.offsets[i] / 64)) << to_string((*offsets)[i]);
  }
}

TEST(StackBuffers, WhatDataDecideIsNotStacked) {
  const std::vector<Lifetime> lives = {{0, 1, 64}, {0, 1, 64}};
  const std::vector<Dim> sizes = {Dim::symbol("?found"), Dim(1)};
  EXPECT_FALSE(stack_buffers(lives, sizes, place_buffers(lives, 64)));
}

}  // namespace
}  // namespace hone::plan
