// Every file that is read holds the same wrong text: nothing fails, hangs or becomes a figure, and
// what is reported is still text that JSON can hold.
#include <gtest/gtest.h>

#include "ship/measure/conditions.h"
#include "ship/measure/probes/energy.h"
#include "ship/measure/probes/measurable.h"
#include "ship/measure/probes/monitor.h"
#include "ship/measure/probes/testing/tree.h"

namespace hone::ship {
namespace {

using testing::Tree;

// Reads everything there is to read.
void read_all(const std::string& root, const std::string& text) {
  MonitorOptions m;
  m.root = root;
  m.cpus = {0};
  m.period_s = 0;
  m.commands = [&](const auto&) -> Result<std::string> { return text; };
  Monitor monitor(m);
  monitor.start();
  EXPECT_TRUE(monitor.tick());
  Evidence e = monitor.stop();
  EnergyOptions o;
  o.root = root;
  o.commands = m.commands;
  o.threads = false;
  o.idle_s = 0;
  EnergyProbe energy(o);
  energy.idle();
  energy.start();
  energy.stop(1);
  EXPECT_TRUE(energy.result()["joules_per_inference"].is_null()) << text;
  nlohmann::json c = read_conditions(root);
  e.add_to(&c);
  for (const Measurable& found : find_measurables(o)) c[found.what] = found.text;
  c["hints"] = quiet_hints(c);
  EXPECT_NE(c.dump(), "") << text;  // throws where a text is no UTF-8
  EXPECT_TRUE(is_unavailable(c["before"]["frequency_khz"])) << text << c["before"];
  EXPECT_NE(c["throttled"], true) << c["throttle_evidence"];
}

TEST(HostileFiles, AreNeverFigures) {
  Tree t;
  for (const std::string& text : testing::hostile_texts()) {
    if (text.size() > 200'000) continue;  // too large: SystemFiles' own tests
    for (const auto& file : testing::machine_files) t.plant(file.path, text);
    read_all(t.root(), text);
    // Once more, with the files sound that decide which others are read at all.
    for (int i = 0; i < testing::structural_files; ++i) {
      t.plant(testing::machine_files[i].path, testing::machine_files[i].text);
    }
    read_all(t.root(), text);
  }
}

// The planted machine is one: else the test above would find nothing to spoil.
TEST(HostileFiles, TheMachineTheySpoilIsWhole) {
  Tree t;
  for (const auto& file : testing::machine_files) t.plant(file.path, file.text);
  nlohmann::json c = read_conditions(t.root());
  for (auto& [key, value] : c.items()) {
    bool by_cpu = key == "governor" || key.starts_with("frequency");  // of CPUs this test may use
    EXPECT_TRUE(by_cpu || !is_unavailable(value)) << key << " " << value;
  }
  MonitorOptions m;
  m.root = t.root();
  m.cpus = {0};
  Monitor monitor(m);
  monitor.start();
  Evidence e = monitor.stop();
  for (auto& [key, value] : e.before.items()) EXPECT_FALSE(is_unavailable(value)) << key;
  EXPECT_EQ(e.throttled, false) << nlohmann::json(e.reasons);
  EXPECT_EQ(e.sources.size(), 5u);
  EnergyOptions o;
  o.root = t.root();
  o.threads = false;
  EXPECT_TRUE(EnergyProbe(o).available());
  EXPECT_EQ(find_energy_sources(o).size(), 3u);  // RAPL, sensors, and a power chip without vcgencmd
}

}  // namespace
}  // namespace hone::ship
