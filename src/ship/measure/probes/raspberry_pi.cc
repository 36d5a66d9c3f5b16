#include "ship/measure/probes/raspberry_pi.h"

#include <charconv>
#include <cmath>
#include <map>

namespace hone::ship {

namespace {

constexpr const char* meanings[] = {"under-voltage", "frequency capped", "throttled",
                                    "soft temperature limit"};

// "1.25A" with its unit taken off.
std::optional<double> reading(std::string_view text, char unit) {
  text = without_blanks(text);
  if (!text.ends_with(unit)) return std::nullopt;
  text.remove_suffix(1);
  double v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  bool whole = error == std::errc() && end == text.data() + text.size();
  // A Pi 5 takes at most 27 W; 1,000 A or V is no reading.
  if (!whole || !std::isfinite(v) || v < 0 || v > 1000) return std::nullopt;
  return v;
}

struct Rail {
  std::optional<double> amperes, volts;
};

}  // namespace

std::optional<uint32_t> parse_pi_throttled(std::string_view text) {
  text = without_blanks(text);
  if (text.starts_with("throttled=")) text.remove_prefix(10);
  auto bits = whole_number(text, 16);
  if (!bits || *bits < 0 || *bits > 0xffffffff) return std::nullopt;
  return static_cast<uint32_t>(*bits);
}

std::vector<std::string> pi_throttled_text(uint32_t bits) {
  std::vector<std::string> text;
  for (int i = 0; i < 4; ++i) {
    if (bits >> i & 1) text.push_back(std::string(meanings[i]) + " now");
    if (bits >> (16 + i) & 1) text.push_back(std::string(meanings[i]) + " since boot");
  }
  return text;
}

bool is_raspberry_pi(const SystemFiles& files) {
  auto model = files.name("proc/device-tree/model");
  if (!model) model = files.name("sys/firmware/devicetree/base/model");
  return model && model->find("Raspberry Pi") != std::string::npos;
}

std::optional<uint32_t> read_pi_throttled(const SystemFiles& files, const RunCommand& commands) {
  // soc/soc:firmware on a Pi 4, soc@107c000000/... on a Pi 5.
  const std::string platform = "sys/devices/platform";
  for (const std::string& soc : files.names(platform, "soc")) {
    for (const std::string& device : files.names(platform + "/" + soc, "")) {
      if (!device.ends_with("firmware")) continue;
      auto text = files.text(platform + "/" + soc + "/" + device + "/get_throttled");
      auto bits = text.ok() ? parse_pi_throttled(*text) : std::nullopt;
      if (bits) return bits;
    }
  }
  if (!commands || !is_raspberry_pi(files)) return std::nullopt;
  auto text = commands({"vcgencmd", "get_throttled"});
  return text.ok() ? parse_pi_throttled(*text) : std::nullopt;
}

Result<PmicReading> parse_pmic(std::string_view text) {
  std::map<std::string_view, Rail> rails;
  for (std::string_view line : lines_of(text)) {
    auto words = words_of(line);
    size_t equal = line.find('=');
    if (words.empty() || equal == std::string_view::npos) continue;
    std::string_view name = words[0];
    if (name.size() < 3 || name[name.size() - 2] != '_') continue;
    char unit = name.back();
    if (unit != 'A' && unit != 'V') continue;
    auto value = reading(line.substr(equal + 1), unit);
    if (!value) return corrupt("vcgencmd pmic_read_adc: a reading is no number");
    Rail& rail = rails[name.substr(0, name.size() - 2)];
    (unit == 'A' ? rail.amperes : rail.volts) = value;
  }
  PmicReading r;
  for (const auto& [name, rail] : rails) {
    if (!rail.amperes || !rail.volts) continue;  // EXT5V and BATT have no current
    r.watts += *rail.amperes * *rail.volts;
    ++r.rails;
  }
  if (r.rails == 0) return corrupt("vcgencmd pmic_read_adc: no rail with current and voltage");
  return r;
}

}  // namespace hone::ship
