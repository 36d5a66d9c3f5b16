// Joules from planted counters and sensors, with a clock of their own: gross, idle, net, and every
// way not to know.
#include "ship/measure/probes/energy.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "ship/measure/probes/integrator.h"
#include "ship/measure/probes/rapl.h"
#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::Tree;

const std::string rapl = "sys/class/powercap/intel-rapl:";

// A machine whose package takes watts_ and whose clock stands until it is moved.
class EnergyRun : public ::testing::Test {
 protected:
  EnergyOptions options() {
    EnergyOptions o;
    o.root = tree_.root();
    o.now = [this] { return now_; };
    o.sleep = [this](double s) { pass(s, idle_); };
    o.threads = false;
    o.commands = [](const auto&) -> Result<std::string> {
      return error(Code::not_found, "vcgencmd: cannot be started");
    };
    return o;
  }
  void plant_rapl(int64_t uj, int64_t range = 262'143'328'850) {
    uj_ = uj;
    range_ = range;
    tree_.plant(rapl + "0/name", "package-0\n");
    tree_.plant(rapl + "0/energy_uj", uj);
    tree_.plant(rapl + "0/max_energy_range_uj", range);
  }
  void pass(double seconds, double watts) {
    now_ += seconds;
    uj_ += static_cast<int64_t>(seconds * watts * 1e6);
    if (uj_ > range_) uj_ -= range_;
    if (tree_.files().exists(rapl + "0/energy_uj")) tree_.plant(rapl + "0/energy_uj", uj_);
  }
  json run(EnergyProbe& p, double seconds, double watts, int64_t runs) {
    p.idle();
    p.start();
    for (double s = 0; s < seconds; s += 1) {
      pass(1, watts);
      p.tick();
    }
    p.stop(runs);
    p.idle();
    return p.result();
  }
  // No figure, and words that say why.
  static void expect_unavailable(const json& j, const std::string& why) {
    EXPECT_TRUE(j.at("joules_per_inference").is_null()) << j;
    EXPECT_TRUE(j.at("gross_joules_per_inference").is_null()) << j;
    EXPECT_TRUE(j.at("idle_watts").is_null()) << j;
    EXPECT_THAT(j.at("source").get<std::string>(), StartsWith("unavailable: "));
    EXPECT_THAT(j.at("source").get<std::string>(), HasSubstr(why));
  }

  Tree tree_;
  double now_ = 1000, idle_ = 5;
  int64_t uj_ = 0, range_ = 1;
};

TEST_F(EnergyRun, NothingToReadIsUnavailable) {
  EnergyProbe p(options());
  EXPECT_FALSE(p.available());
  expect_unavailable(run(p, 20, 15, 100), "no energy counter or power sensor");
  EXPECT_EQ(now_, 1020);  // no time is spent on idle where nothing can be read
}

TEST_F(EnergyRun, NetIsGrossLessIdle) {
  plant_rapl(1'000'000);
  EnergyProbe p(options());
  json j = run(p, 20, 15, 100);
  EXPECT_NEAR(j["gross_joules_per_inference"].get<double>(), 3.0, 1e-9);
  EXPECT_NEAR(j["idle_watts"].get<double>(), 5, 1e-9);
  EXPECT_NEAR(j["joules_per_inference"].get<double>(), 2.0, 1e-9);
  EXPECT_EQ(j["source"], "RAPL");
  EXPECT_EQ(j["estimate"], true);
  EXPECT_NE(j["coverage"], "");
  EXPECT_EQ(j["window_s"], 20);
  EXPECT_TRUE(j["notes"].empty()) << j["notes"];
}

TEST_F(EnergyRun, CounterWrapsDuringTheRun) {
  plant_rapl(250'000'000, 262'143'328);  // 262 J: 15 W pass the end within a second of these 20
  EnergyProbe p(options());
  EXPECT_NEAR(run(p, 20, 15, 100)["joules_per_inference"].get<double>(), 2.0, 1e-6);
}

// Too far for the time, or to tell whether it went round: the figure is not known, so none is
// given.
TEST_F(EnergyRun, CounterThatJumpsIsNoFigure) {
  plant_rapl(0, 100'000'000);
  EnergyProbe p(options());
  p.idle();
  p.start();
  now_ += 20;
  tree_.plant(rapl + "0/energy_uj", 70'000'000);  // more than half the range since the last look
  p.stop(100);
  expect_unavailable(p.result(), "reset or wrapped unseen");
  // Set to 0 by a sleep of the machine: as a wrap it would be 62 kJ in 4 seconds.
  plant_rapl(200'000'000'000);
  EnergyProbe slept(options());
  slept.idle();
  slept.start();
  now_ += 4;
  tree_.plant(rapl + "0/energy_uj", 1000);
  slept.stop(100);
  expect_unavailable(slept.result(), "reset or wrapped unseen");
}

TEST_F(EnergyRun, CounterThatVanishesOrTurnsToGarbage) {
  for (const char* text : {"", "garbage", "-5", "99999999999999999999", "300000000000"}) {
    plant_rapl(1'000'000);
    EnergyProbe p(options());
    p.idle();
    p.start();
    now_ += 10;
    tree_.plant(rapl + "0/energy_uj", text);
    EXPECT_TRUE(p.tick());
    plant_rapl(90'000'000);  // back again: what happened between is still unknown
    now_ += 10;
    p.stop(100);
    expect_unavailable(p.result(), "RAPL");
  }
  plant_rapl(1'000'000);
  EnergyProbe p(options());
  p.idle();
  p.start();
  tree_.remove("sys/class/powercap");
  now_ += 10;
  p.stop(100);
  expect_unavailable(p.result(), "no such file");
}

TEST_F(EnergyRun, CounterThatStandsIsNotZeroJoules) {
  plant_rapl(1'000'000);
  idle_ = 0;
  EnergyProbe p(options());
  json j = run(p, 20, 0, 100);
  EXPECT_TRUE(j["joules_per_inference"].is_null());
  EXPECT_TRUE(j["gross_joules_per_inference"].is_null());
  EXPECT_THAT(j["notes"].dump(), HasSubstr("did not move"));
}

TEST_F(EnergyRun, LessThanIdleIsNoNetFigure) {
  plant_rapl(1'000'000);
  EnergyProbe p(options());
  json j = run(p, 20, 4, 100);
  EXPECT_NEAR(j["gross_joules_per_inference"].get<double>(), 0.8, 1e-9);
  EXPECT_TRUE(j["joules_per_inference"].is_null());
  EXPECT_THAT(j["notes"].dump(), HasSubstr("no more than idle"));
}

TEST_F(EnergyRun, ShortWindowsAndUnevenIdleAreNoted) {
  plant_rapl(1'000'000);
  EnergyProbe p(options());
  p.idle();
  p.start();
  pass(3, 15);
  idle_ = 9;
  p.stop(30);
  p.idle();
  json j = p.result();
  EXPECT_NEAR(j["idle_watts"].get<double>(), 7, 1e-9);
  EXPECT_THAT(j["notes"].dump(), HasSubstr("3.0 s is short"));
  EXPECT_THAT(j["notes"].dump(), HasSubstr("5.00 W before and 9.00 W after"));
}

TEST_F(EnergyRun, WithoutIdleOnlyGrossIsKnown) {
  plant_rapl(1'000'000);
  EnergyProbe p(options());
  p.start();
  pass(20, 15);
  p.stop(100);
  json j = p.result();
  EXPECT_NEAR(j["gross_joules_per_inference"].get<double>(), 3.0, 1e-6);
  EXPECT_TRUE(j["joules_per_inference"].is_null());
  EXPECT_TRUE(j["idle_watts"].is_null());
  EXPECT_THAT(j["notes"].dump(), HasSubstr("idle power was not measured"));
  p.idle();  // afterwards is better than not at all
  EXPECT_NEAR(p.result()["joules_per_inference"].get<double>(), 2.0, 1e-6);
  EnergyProbe never(options());
  never.start();
  never.stop(0);
  expect_unavailable(never.result(), "");
}

// Memory is beside the package; the board contains it; the same package by mmio is not a second.
TEST_F(EnergyRun, DomainsAreNotAddedTwice) {
  plant_rapl(0);
  const auto zone = [&](const std::string& id, const std::string& name, int64_t uj) {
    const std::string folder = "sys/class/powercap/" + id;
    tree_.plant(folder + "/name", name);
    tree_.plant(folder + "/energy_uj", uj);
    tree_.plant(folder + "/max_energy_range_uj", int64_t{262'143'328'850});
  };
  const auto all = [&](int64_t uj) {
    zone("intel-rapl:0", "package-0", uj);
    zone("intel-rapl:0:0", "core", uj / 2);
    zone("intel-rapl:0:1", "dram", uj / 4);
    zone("intel-rapl:1", "package-1", uj);
    zone("intel-rapl:2", "psys", 5 * uj);
    zone("intel-rapl-mmio:0", "package-0", uj);
  };
  all(0);
  EnergyProbe p(options());
  p.start();
  all(100'000'000);
  now_ += 20;
  p.stop(100);
  json j = p.result();
  EXPECT_NEAR(j["gross_joules_per_inference"].get<double>(), 2.0, 1e-9);
  EXPECT_EQ(j["parts"].size(), 4u);
  EXPECT_NEAR(j["parts"]["dram-0"]["gross_joules_per_inference"].get<double>(), 0.25, 1e-9);
  EXPECT_NEAR(j["parts"]["psys"]["gross_joules_per_inference"].get<double>(), 5, 1e-9);
  EXPECT_FALSE(j["parts"].contains("core"));
}

// The user that is not root: denied, with the rule that would let him.
TEST_F(EnergyRun, DeniedNamesTheUdevRule) {
  if (geteuid() != 0) GTEST_SKIP() << "skipped: only root can become nobody";
  plant_rapl(1'000'000);
  namespace fs = std::filesystem;
  fs::permissions(tree_.root(), fs::perms(0755));
  fs::permissions(tree_.root() + "/" + rapl + "0/energy_uj", fs::perms(0400));
  ASSERT_EQ(seteuid(65534), 0);
  EnergyProbe p(options());
  json j = p.result();
  ASSERT_EQ(seteuid(0), 0);
  expect_unavailable(j, "Permission denied");
  EXPECT_THAT(j["fix"].get<std::string>(), HasSubstr(rapl_udev_rule));
}

TEST(CounterStep, WrapsAndRefuses) {
  EXPECT_EQ(counter_step(10, 15, 100), 5);
  EXPECT_EQ(counter_step(95, 5, 100), 10);
  EXPECT_EQ(counter_step(7, 7, 100), 0);
  EXPECT_EQ(counter_step(0, 50, 100), 50);
  EXPECT_FALSE(counter_step(0, 51, 100));  // further than half: perhaps it went round
  EXPECT_FALSE(counter_step(50, 49, 100));
  EXPECT_FALSE(counter_step(-1, 5, 100));
  EXPECT_FALSE(counter_step(0, 101, 100));
  EXPECT_FALSE(counter_step(0, 0, 0));
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(counter_step(most, 5, most), 5);
}

TEST(PowerIntegrator, AddsTrapezoids) {
  double now = 0, watts = 2;
  PowerIntegrator p(
      [&] {
        return Result<std::vector<double>>({watts, 1});
      },
      [&] { return now; }, false);
  now = 1;
  watts = 4;
  EXPECT_DOUBLE_EQ((*p.joules())[0], 3);
  now = 1.5;
  EXPECT_DOUBLE_EQ((*p.joules())[0], 5);
  EXPECT_DOUBLE_EQ((*p.joules())[1], 1.5);
}

TEST(PowerIntegrator, BridgesAShortGapAndNotALongOne) {
  double now = 0;
  bool fails = false;
  PowerIntegrator p(
      [&]() -> Result<std::vector<double>> {
        if (fails) return error(Code::io_error, "bus error");
        return std::vector<double>{3.0};
      },
      [&] { return now; }, false);
  fails = true;
  now = 1;
  EXPECT_EQ(p.joules().status().text(), "bus error");
  fails = false;
  now = 1.9;
  EXPECT_NEAR((*p.joules())[0], 5.7, 1e-12);
  fails = true;
  now = 3;
  EXPECT_FALSE(p.joules().ok());
  fails = false;
  now = 4.1;
  EXPECT_EQ(p.joules().status().text(), "no power reading for 2.2 s: bus error");
  now = 4.2;
  EXPECT_FALSE(p.joules().ok());  // what was used in the gap stays unknown
}

TEST(PowerIntegrator, ItsThreadReadsTenTimesASecond) {
  std::atomic<int> reads = 0;
  auto read = [&]() -> Result<std::vector<double>> {
    ++reads;
    return std::vector<double>{1.0};
  };
  auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  {
    PowerIntegrator p(read, now, true);
    for (int i = 0; i < 100 && reads < 5; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_GT((*p.joules())[0], 0);
  }
  EXPECT_GE(reads, 5);
  int after = reads;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(reads, after);
}

}  // namespace
}  // namespace hone::ship
