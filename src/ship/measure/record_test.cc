#include "ship/measure/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace hone::ship {
namespace {

Sample at(int64_t i, int64_t latency) { return {i, latency, 0, latency / 4, latency / 2, 7}; }

TEST(Record, KeepsEverySampleWhileThereIsRoom) {
  Record r(Parts::all, 1000);
  r.expect(500);
  for (int64_t i = 0; i < 1000; ++i) r.add(at(i, 100 + i), static_cast<uint8_t>(i % 3));
  EXPECT_EQ(r.seen(), 1000);
  EXPECT_EQ(r.kept(), 1000);
  EXPECT_EQ(r.one_of(), 1);
  for (int64_t i = 0; i < 1000; ++i) {
    const auto k = static_cast<size_t>(i);
    EXPECT_EQ(r.at()[k], i);
    EXPECT_EQ(r.latency()[k], 100 + i);
    EXPECT_EQ(r.preprocess()[k], (100 + i) / 4);
    EXPECT_EQ(r.infer()[k], (100 + i) / 2);
    EXPECT_EQ(r.postprocess()[k], 7);
    EXPECT_EQ(r.disturbance()[k], i % 3);
  }
}

// Of 100,000 samples at most 1,000 stay: one of each block of 128, in order, and what is said of
// all of them is exact.
TEST(Record, ThinsInOrderOfTime) {
  Record r(Parts::none, 1000);
  for (int64_t i = 0; i < 100'000; ++i) r.add(at(i, i == 77'777 ? 1'000'000 : 100 + i % 2));
  EXPECT_EQ(r.seen(), 100'000);
  EXPECT_EQ(r.one_of(), 128);
  EXPECT_GE(r.kept(), 100'000 / 128);
  EXPECT_LE(r.kept(), 100'000 / 128 + 1);
  for (size_t k = 0; k < r.at().size(); ++k) EXPECT_EQ(r.at()[k] / 128, static_cast<int64_t>(k));
  EXPECT_EQ(r.least(), 100);
  EXPECT_EQ(r.greatest(), 1'000'000);
  EXPECT_DOUBLE_EQ(r.mean(), (100.5 * 100'000 - 101 + 1'000'000) / 100'000);
}

// Every second frame is slow: keeping every 2^k-th would keep only fast or only slow ones. 781
// fair coins lie within 0.5 +- 0.09 (5 standard deviations).
TEST(Record, ThinningFavoursNoPattern) {
  Record r(Parts::none, 1000);
  for (int64_t i = 0; i < 100'000; ++i) r.add(at(i, i % 2));
  const auto slow = std::accumulate(r.latency().begin(), r.latency().end(), int64_t{0});
  EXPECT_NEAR(static_cast<double>(slow) / static_cast<double>(r.kept()), 0.5, 0.09);
}

TEST(Record, InferenceAlone) {
  Record r(Parts::infer, 4);
  for (int64_t i = 0; i < 20; ++i) r.add(at(i, 100 * i));
  EXPECT_TRUE(r.preprocess().empty());
  ASSERT_EQ(r.infer().size(), r.latency().size());
  for (size_t k = 0; k < r.infer().size(); ++k) EXPECT_EQ(r.infer()[k], r.latency()[k] / 2);
}

TEST(Record, EmptyAndTiny) {
  Record r(Parts::none, 0);
  EXPECT_EQ(r.mean(), 0);
  for (int64_t i = 0; i < 9; ++i) r.add(at(i, i));
  EXPECT_LE(r.kept(), 2);
  EXPECT_EQ(r.greatest(), 8);
}

}  // namespace
}  // namespace hone::ship
