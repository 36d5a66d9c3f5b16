#include "ship/measure/probes/pmic.h"

#include <fmt/format.h>

#include "ship/measure/probes/integrator.h"

namespace hone::ship {

namespace {

class PmicMeter : public EnergyMeter {
 public:
  explicit PmicMeter(const EnergyOptions& options)
      : commands_(options.commands),
        integrator_([this] { return watts(); }, options.now, options.threads) {}

  Result<std::vector<EnergyPart>> read() override {
    HONE_ASSIGN(auto joules, integrator_.joules());
    return std::vector<EnergyPart>{{"pmic", joules[0], true}};
  }

 private:
  Result<std::vector<double>> watts() const {
    HONE_ASSIGN(std::string text, commands_({"vcgencmd", "pmic_read_adc"}));
    HONE_ASSIGN(PmicReading r, parse_pmic(text));
    return std::vector<double>{r.watts};
  }

  RunCommand commands_;
  PowerIntegrator integrator_;  // last: its thread reads the other
};

}  // namespace

std::optional<EnergySource> find_pmic(const EnergyOptions& options) {
  if (!is_raspberry_pi(SystemFiles(options.root)) || !options.commands) return std::nullopt;
  EnergySource s;
  s.name = "Raspberry Pi power chip";
  auto text = options.commands({"vcgencmd", "pmic_read_adc"});
  if (!text.ok()) {
    s.why = text.status().text() + " (only a Raspberry Pi 5 has readings)";
    s.fix = "on a Raspberry Pi 5: install vcgencmd (raspi-utils) and join the group video";
    return s;
  }
  auto reading = parse_pmic(*text);
  if (!reading.ok()) {
    s.why = reading.status().text();
    return s;
  }
  s.coverage = fmt::format(
      "{} rails behind the power chip; not USB, HAT, NVMe, fan, nor its losses", reading->rails);
  s.meter = std::make_unique<PmicMeter>(options);
  return s;
}

}  // namespace hone::ship
