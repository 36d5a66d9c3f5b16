#include "ship/measure/probes/ina.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ship/measure/probes/integrator.h"

namespace hone::ship {

namespace {

constexpr size_t max_rails = 64;

struct Rail {
  std::string label, device;
  std::string power;           // file of watts, times `scale`; or
  std::string volts, amperes;  // files of thousandths
  double scale = 1e-6;
  bool counted = false;
};

Result<double> watts_of(const SystemFiles& files, const Rail& rail) {
  double watts = 0;
  if (!rail.power.empty()) {
    HONE_ASSIGN(int64_t p, files.number(rail.power));
    watts = static_cast<double>(p) * rail.scale;
  } else {
    HONE_ASSIGN(int64_t mv, files.number(rail.volts));
    HONE_ASSIGN(int64_t ma, files.number(rail.amperes));
    watts = static_cast<double>(mv) * 1e-3 * static_cast<double>(ma) * 1e-3;
  }
  // A current near 0 may read as a little less; edge devices take no 10 kW.
  if (std::abs(watts) > 1e4) return corrupt(rail.label + ": no plausible power");
  return watts;
}

// "power1_input" -> 1, for the prefix "power".
std::optional<int64_t> channel_of(const std::string& leaf, std::string_view prefix) {
  constexpr std::string_view suffix = "_input";
  if (!leaf.starts_with(prefix) || !leaf.ends_with(suffix)) return std::nullopt;
  if (leaf.size() <= prefix.size() + suffix.size()) return std::nullopt;
  return whole_number(
      std::string_view(leaf).substr(prefix.size(), leaf.size() - prefix.size() - suffix.size()));
}

std::string label_of(const SystemFiles& files, const std::string& folder, int64_t channel,
                     const std::string& otherwise) {
  auto label = files.name(fmt::format("{}/in{}_label", folder, channel));
  if (!label) label = files.name(fmt::format("{}/power{}_label", folder, channel));
  if (!label) label = files.name(folder + "/label");
  return label.value_or(otherwise);
}

void find_hwmon(const SystemFiles& files, std::vector<Rail>* rails) {
  for (const std::string& hwmon : files.names("sys/class/hwmon", "hwmon")) {
    std::string folder = "sys/class/hwmon/" + hwmon;
    auto chip = files.name(folder + "/name");
    if (!chip || !chip->starts_with("ina")) continue;
    bool has_power = files.exists(folder + "/power1_input");
    for (const std::string& leaf : files.names(folder, has_power ? "power" : "curr")) {
      auto channel = channel_of(leaf, has_power ? "power" : "curr");
      if (!channel) continue;
      auto enabled = files.number(fmt::format("{}/in{}_enable", folder, *channel));
      if (enabled.ok() && *enabled == 0) continue;
      Rail r;
      r.device = *chip;
      r.label = label_of(files, folder, *channel, fmt::format("{} rail {}", hwmon, *channel));
      if (has_power) {
        r.power = folder + "/" + leaf;
      } else {
        r.amperes = folder + "/" + leaf;
        r.volts = fmt::format("{}/in{}_input", folder, *channel);
        // ina3221's currents 4 and up are sums of its channels.
        if (!files.exists(r.volts)) continue;
      }
      rails->push_back(std::move(r));
    }
  }
}

// L4T up to 32: sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/{rail_name_0,in_power0_input}, mW.
void find_iio(const SystemFiles& files, std::vector<Rail>* rails) {
  const std::string drivers = "sys/bus/i2c/drivers/ina3221x";
  for (const std::string& chip : files.names(drivers, "")) {
    for (const std::string& iio : files.names(drivers + "/" + chip, "iio:device")) {
      std::string folder = drivers + "/" + chip + "/" + iio;
      for (const std::string& leaf : files.names(folder, "in_power")) {
        auto channel = channel_of(leaf, "in_power");
        auto label =
            channel ? files.name(fmt::format("{}/rail_name_{}", folder, *channel)) : std::nullopt;
        if (!label) continue;
        rails->push_back({*label, "ina3221", folder + "/" + leaf, "", "", 1e-3, false});
      }
    }
  }
}

// Marks what the total is made of; text of what that covers, empty where nothing is.
std::string choose_total(std::vector<Rail>* rails) {
  for (const char* input : {"VDD_IN", "POM_5V_IN", "VDD_IN_TOTAL", "5V_IN"}) {
    for (Rail& r : *rails) {
      if (r.label != input) continue;
      r.counted = true;
      return "the whole board, at its input rail " + r.label;
    }
  }
  if (rails->size() == 1) {
    rails->front().counted = true;
    return fmt::format("what the rail '{}' feeds", rails->front().label);
  }
  std::string names;
  for (Rail& r : *rails) {
    if (r.label.find("CPU") == std::string::npos) continue;
    r.counted = true;
    names += (names.empty() ? "" : ", ") + r.label;
  }
  return names.empty() ? "" : "the CPU's rail " + names + "; not memory, not the board";
}

class InaMeter : public EnergyMeter {
 public:
  InaMeter(SystemFiles files, std::vector<Rail> rails, const EnergyOptions& options)
      : files_(std::move(files)),
        rails_(std::move(rails)),
        integrator_([this] { return watts(); }, options.now, options.threads) {}

  Result<std::vector<EnergyPart>> read() override {
    HONE_ASSIGN(auto joules, integrator_.joules());
    std::vector<EnergyPart> parts;
    for (size_t i = 0; i < rails_.size(); ++i) {
      parts.push_back({rails_[i].label, joules[i], rails_[i].counted});
    }
    return parts;
  }

 private:
  Result<std::vector<double>> watts() const {
    std::vector<double> all;
    for (const Rail& r : rails_) {
      HONE_ASSIGN(double w, watts_of(files_, r));
      all.push_back(w);
    }
    return all;
  }

  SystemFiles files_;
  std::vector<Rail> rails_;
  PowerIntegrator integrator_;  // last: its thread reads the others
};

}  // namespace

std::optional<EnergySource> find_ina(const EnergyOptions& options) {
  SystemFiles files(options.root);
  std::vector<Rail> rails;
  find_hwmon(files, &rails);
  find_iio(files, &rails);
  if (rails.empty()) return std::nullopt;
  if (rails.size() > max_rails) rails.resize(max_rails);
  EnergySource s;
  s.name = rails.front().device + " power sensor";
  for (const Rail& r : rails) {
    auto w = watts_of(files, r);
    if (w.ok()) continue;
    s.why = w.status().text();
    if (w.code() == Code::io_error)
      s.fix = "run as a user who may read " + files.path("sys/class/hwmon");
    return s;
  }
  s.coverage = choose_total(&rails);
  if (s.coverage.empty()) {
    std::vector<std::string> names;
    for (const Rail& r : rails) names.push_back(r.label);
    s.why = fmt::format("none of its rails ({}) is known as the board's or the CPU's",
                        fmt::join(names, ", "));
    return s;
  }
  s.meter = std::make_unique<InaMeter>(files, std::move(rails), options);
  return s;
}

}  // namespace hone::ship
