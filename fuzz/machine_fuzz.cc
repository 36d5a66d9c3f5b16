// Any bytes as one of the files that say what a machine is and does: every probe still reads,
// reports text that JSON can hold, and makes no energy out of it. The first byte says which file;
// the one behind the last is what vcgencmd writes.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "ship/measure/conditions.h"
#include "ship/measure/probes/energy.h"
#include "ship/measure/probes/measurable.h"
#include "ship/measure/probes/monitor.h"
#include "ship/measure/probes/testing/machine.h"

namespace {

using namespace hone;
using namespace hone::ship;
namespace fs = std::filesystem;

void require(bool condition) {
  if (!condition) std::abort();
}

class Machine {
 public:
  Machine() {
    const char* shm = fs::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    root_ = std::string(shm) + "/hone_machine_XXXXXX";
    require(mkdtemp(root_.data()) != nullptr);
    for (const auto& file : testing::machine_files) write(file.path, file.text);
  }
  ~Machine() {
    std::error_code error;
    fs::remove_all(root_, error);
  }
  void write(const std::string& path, const std::string& text) const {
    const fs::path full = root_ + "/" + path;
    std::error_code error;
    fs::create_directories(full.parent_path(), error);
    std::ofstream(full, std::ios::binary) << text;
  }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

void read_all(const std::string& root, const std::string& vcgencmd) {
  MonitorOptions m;
  m.root = root;
  m.cpus = {0};
  m.period_s = 0;
  m.commands = [&](const auto&) -> Result<std::string> { return vcgencmd; };
  Monitor monitor(m);
  monitor.start();
  require(monitor.tick());
  const Evidence e = monitor.stop();
  require(e.throttled.is_boolean() || is_unavailable(e.throttled));
  require((e.throttled == true) == !e.reasons.empty());
  EnergyOptions o;
  o.root = root;
  o.commands = m.commands;
  o.threads = false;
  double now = 0;
  o.now = [&] { return now += 0.5; };
  for (EnergySource& s : find_energy_sources(o)) {
    require((s.meter == nullptr) == !s.why.empty());
    if (s.meter == nullptr) continue;
    auto parts = s.meter->read();
    if (!parts.ok()) continue;
    for (const EnergyPart& p : *parts) require(p.joules > -1e6 && p.joules < 1e6);
  }
  nlohmann::json c = read_conditions(root);
  e.add_to(&c);
  for (const Measurable& found : find_measurables(o)) c[found.what] = found.text + found.fix;
  c["hints"] = quiet_hints(c);
  require(!c.dump().empty() && !conditions_line(c).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Machine machine;
  if (size == 0) return 0;
  constexpr size_t n = std::size(testing::machine_files);
  const size_t which = data[0] % (n + 1);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (which == n) {
    read_all(machine.root(), text);
    return 0;
  }
  machine.write(testing::machine_files[which].path, text);
  read_all(machine.root(), testing::pmic_text);
  machine.write(testing::machine_files[which].path, testing::machine_files[which].text);
  return 0;
}
