#include "ship/measure/against.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <random>

namespace hone::ship {
namespace {

using testing::ElementsAre;

// Takes `ms` a run on a machine whose speed changes from block to block for all alike.
Contestant of_speed(const std::string& name, double ms, std::string* log = nullptr) {
  Contestant c;
  c.name = name;
  c.run = [ms](int runs, int, double) -> Result<std::vector<double>> {
    return std::vector<double>(static_cast<size_t>(runs), ms);
  };
  if (log != nullptr) {
    c.turn = [log, name](bool begins) { *log += begins ? name : "."; };
  }
  return c;
}

Outputs outputs(std::vector<float> v) {
  return {{"y", Tensor::of<float>({static_cast<int64_t>(v.size())}, std::span<const float>(v))}};
}

TEST(Against, IntervalOfTheMedianByTheBinomialTable) {
  // Published tables of order statistics: ranks 2 and 8 of 9, 10 and 22 of 31; 5 never reach 95 %.
  auto of = [](int n) {
    std::vector<double> v(static_cast<size_t>(n));
    std::iota(v.begin(), v.end(), 1);
    Estimate i = median_interval(v);
    return std::vector<double>{i.value, i.low, i.high};
  };
  EXPECT_THAT(of(9), ElementsAre(5, 2, 8));
  EXPECT_THAT(of(31), ElementsAre(16, 10, 22));
  EXPECT_THAT(of(5), ElementsAre(3, 1, 5));
  EXPECT_THAT(of(6), ElementsAre(3.5, 1, 6));
  EXPECT_THAT(of(1), ElementsAre(1, 1, 1));
}

TEST(Against, IntervalHoldsTheTrueRatio) {
  std::mt19937 random(1);
  std::lognormal_distribution<double> noise(0, 0.1);
  int held = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    Raced a, b;
    for (int round = 0; round < 15; ++round) {
      double machine = noise(random) * noise(random);  // the same for both
      a.medians_ms.push_back(3 * machine * noise(random));
      b.medians_ms.push_back(2 * machine * noise(random));
    }
    Estimate i = ratio_of(a, b);
    held += i.low <= 1.5 && 1.5 <= i.high;
  }
  EXPECT_GE(held, 940);  // 96.5 % expected, sigma 0.6 %
  EXPECT_LE(held, 995);
}

TEST(Against, TurnsRotateAndNobodyRunsOutsideHis) {
  std::string log;
  std::vector<Contestant> c = {of_speed("a", 1, &log), of_speed("b", 1, &log),
                               of_speed("c", 1, &log)};
  RaceOptions o;
  o.rounds = 6;
  o.block_ms = 1;
  race(c, o);
  // Three of each to calibrate (a run as long as a block needs one), then six rounds.
  EXPECT_EQ(log,
            "a.b.c."
            "a.b.c."
            "c.b.a."
            "b.c.a."
            "a.c.b."
            "c.a.b."
            "b.a.c.");
}

TEST(Against, BlocksAreAsLongForAll) {
  std::vector<Contestant> c = {of_speed("a", 1), of_speed("b", 0.25), of_speed("slow", 900)};
  RaceOptions o;
  o.rounds = 2;
  o.block_ms = 50;
  auto r = race(c, o);
  EXPECT_EQ(r[0].samples_ms.size(), 100u);
  EXPECT_EQ(r[1].samples_ms.size(), 400u);
  EXPECT_EQ(r[2].samples_ms.size(), 6u);  // three a block at least
  EXPECT_DOUBLE_EQ(ratio_of(r[1], r[0]).value, 0.25);
}

TEST(Against, WhoFailsIsOutAndTheOthersGoOn) {
  std::vector<Contestant> c = {of_speed("a", 1), of_speed("dies", 1)};
  int calls = 0;
  c[1].run = [&](int runs, int, double) -> Result<std::vector<double>> {
    if (++calls > 3) return error(Code::io_error, "dies: gone");
    return std::vector<double>(static_cast<size_t>(runs), 1.0);
  };
  auto r = race(c, {});
  EXPECT_EQ(r[1].failed, "dies: gone");
  EXPECT_TRUE(r[1].samples_ms.empty());
  EXPECT_EQ(r[0].medians_ms.size(), 15u);
}

TEST(Against, DifferenceIsOfTheChannel) {
  Tensor a(DType::f32, {1, 2, 2}), b(DType::f32, {1, 2, 2});
  for (int i = 0; i < 4; ++i) b.set(i, i < 2 ? 100 : 2), a.set(i, b.at(i));
  a.set(3, 2.1);
  EXPECT_NEAR(difference({{"y", a}}, {{"y", b}}).worst, 0.05, 1e-6);
  a.set(3, 2);
  a.set(0, 101);
  EXPECT_NEAR(difference({{"y", a}}, {{"y", b}}).worst, 0.01, 1e-6);
  // A channel that is nothing beside the others counts as a hundredth of them.
  b.set(2, 0), b.set(3, 0), a = b;
  a.set(3, 0.001);
  EXPECT_NEAR(difference({{"y", a}}, {{"y", b}}).worst, 0.001, 1e-6);
}

TEST(Against, DifferenceOfTypesShapesAndNotANumber) {
  auto worst = [](const Outputs& a, const Outputs& b) { return difference(a, b).worst; };
  EXPECT_TRUE(std::isinf(worst(outputs({1, 2}), outputs({1, 2, 3}))));
  EXPECT_TRUE(std::isinf(worst(outputs({1, NAN}), outputs({1, 2}))));
  EXPECT_EQ(worst(outputs({1, NAN}), outputs({1, NAN})), 0);
  EXPECT_TRUE(std::isinf(worst({}, outputs({1}))));
  Outputs flat = outputs({1, 2}), tall = {{"y", Tensor::of<float>({1, 2, 1}, {1, 2})}};
  EXPECT_EQ(worst(flat, tall), 0);
  Outputs ints = {{"y", Tensor::of<int32_t>({4}, {1, 2, 3, 4})}};
  Outputs other = {{"y", Tensor::of<int32_t>({4}, {1, 2, 3, 5})}};
  EXPECT_EQ(worst(ints, other), 0.25);
  EXPECT_TRUE(std::isinf(worst(ints, outputs({1, 2, 3, 4}))));
  // Bytes are quantised numbers: one quantum is a 255th.
  Outputs bytes = {{"y", Tensor::of<uint8_t>({3}, {1, 200, 3})}};
  Outputs quantum = {{"y", Tensor::of<uint8_t>({3}, {1, 199, 4})}};
  EXPECT_NEAR(worst(bytes, quantum), 1.0 / 255, 1e-9);
  EXPECT_EQ(difference(ints, bytes).text, "'y' is i32[4], not u8[3]");
  EXPECT_EQ(difference({}, bytes).text, "0 outputs, not 1");
  EXPECT_EQ(difference(other, ints).text, "'y' differs by 2.5e-01");
  // By name where the names are those, else by order.
  Outputs ab = {{"a", Tensor::scalar(1.f)}, {"b", Tensor::scalar(2.f)}};
  Outputs ba = {{"b", Tensor::scalar(2.f)}, {"a", Tensor::scalar(1.f)}};
  EXPECT_EQ(worst(ba, ab), 0);
}

TEST(Against, TheLargestGroupIsRight) {
  auto right = outputs({1, 2}), close = outputs({1, 2.0001f}), wrong = outputs({1, 3});
  Agreement v = judge({wrong, right, close, std::nullopt}, 1e-3, 99);
  EXPECT_THAT(v.right, ElementsAre(false, true, true, false));
  EXPECT_EQ(v.reference, 1u);
  EXPECT_NEAR(v.worst[0].worst, 0.5, 1e-6);
  EXPECT_EQ(v.worst[0].output, "y");
}

TEST(Against, InATieTheTrustedOneDecides) {
  auto ours = outputs({1, 3}), theirs = outputs({1, 2});
  EXPECT_THAT(judge({ours, theirs}, 1e-3, 1).right, ElementsAre(false, true));
  EXPECT_THAT(judge({ours, theirs}, 1e-3, 9).right, ElementsAre(true, false));
  // Two that agree outvote it.
  EXPECT_THAT(judge({ours, theirs, ours}, 1e-3, 1).right, ElementsAre(true, false, true));
  EXPECT_THAT(judge({std::nullopt}, 1e-3, 0).right, ElementsAre(false));
}

}  // namespace
}  // namespace hone::ship
