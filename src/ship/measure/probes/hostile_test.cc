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
    for (const std::string& path : testing::every_file()) t.plant(path, text);
    read_all(t.root(), text);
    // As before, but for the files that decide which others are read at all.
    t.plant("proc/self/cgroup", "0::/\n");
    t.plant("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    t.plant("proc/device-tree/model", "Raspberry Pi 5");
    t.plant("sys/class/thermal/cooling_device0/type", "Processor");
    t.plant("sys/class/hwmon/hwmon0/name", "ina3221");
    t.plant("sys/class/hwmon/hwmon1/name", "coretemp");
    t.plant("sys/class/powercap/intel-rapl:0/name", "package-0");
    read_all(t.root(), text);
  }
}

}  // namespace
}  // namespace hone::ship
