#include "ship/measure/outliers.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

void add(Record* r, int64_t at, int64_t us, uint8_t bits = 0) {
  r->add({at * 1'000'000, us * 1000, 0, 0, us * 1000, 0}, bits);
}

// 1,000 frames of 1 ms +- 2 % and four that are not.
Record planted() {
  Record r;
  for (int64_t i = 0; i < 1000; ++i) add(&r, i, 980 + i * 17 % 41, i % 9 == 0 ? page_fault : 0);
  add(&r, 1000, 5000, preempted);
  add(&r, 1001, 9000);
  add(&r, 1002, 4000, page_fault | preempted);
  add(&r, 1003, 3000, harness);
  return r;
}

TEST(Outliers, AreCountedAndExplained) {
  const Outliers o = find_outliers(planted(), true);
  EXPECT_EQ(o.count, 4);
  EXPECT_GT(o.threshold_ms, 1.05);
  EXPECT_LT(o.threshold_ms, 1.3);
  EXPECT_EQ(o.faulted, 1);
  EXPECT_EQ(o.preempted, 2);
  EXPECT_EQ(o.watched, 1);
  EXPECT_EQ(o.unexplained, 1);
  ASSERT_EQ(o.worst.size(), 4u);
  EXPECT_EQ(o.worst[0].ms, 9);
  EXPECT_DOUBLE_EQ(o.worst[0].at_s, 1.001);
  const nlohmann::json j = to_json(o);
  EXPECT_EQ(j["worst"][0]["why"], "unexplained");
  EXPECT_EQ(j["worst"][1]["why"], "preempted");
  EXPECT_EQ(j["worst"][2]["why"], "page fault, preempted");
  EXPECT_EQ(j["unexplained"], 1);
}

TEST(Outliers, WhatWasNotWatchedIsNotSaidToBeNone) {
  const nlohmann::json j = to_json(find_outliers(planted(), false));
  EXPECT_EQ(j["count"], 4);
  EXPECT_EQ(j["preempted"].get<std::string>().substr(0, 12), "unavailable:");
  EXPECT_FALSE(j["worst"][0].contains("why"));
}

// Equal samples but one 4 % above: a spread of 0 does not make it an outlier.
TEST(Outliers, AQuietRunHasNone) {
  Record r;
  for (int64_t i = 0; i < 100; ++i) add(&r, i, i == 50 ? 1040 : 1000);
  EXPECT_EQ(find_outliers(r, true).count, 0);
  EXPECT_EQ(find_outliers(Record(), true).count, 0);
}

}  // namespace
}  // namespace hone::ship
