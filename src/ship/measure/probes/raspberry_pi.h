// What only a Raspberry Pi tells: get_throttled's bits and, on a Pi 5, its power chip's readings.
#pragma once

#include <functional>

#include "ship/measure/probes/system_files.h"

namespace hone::ship {

// Starts a program and returns what it wrote. Empty: none may be started.
using RunCommand = std::function<Result<std::string>(const std::vector<std::string>& words)>;

// Bits 0-3 hold now, bits 16-19 since boot.
constexpr uint32_t pi_now_mask = 0xf, pi_since_boot_mask = 0xf0000;

// "0x50000", "50000" (sysfs) or "throttled=0x50000" (vcgencmd).
std::optional<uint32_t> parse_pi_throttled(std::string_view text);
// "under-voltage now", "throttled since boot", ...
std::vector<std::string> pi_throttled_text(uint32_t bits);
// From the firmware's file in sysfs, else by `vcgencmd get_throttled`; nothing elsewhere.
std::optional<uint32_t> read_pi_throttled(const SystemFiles& files, const RunCommand& commands);

// Is this a Raspberry Pi, by its device tree?
bool is_raspberry_pi(const SystemFiles& files);

struct PmicReading {
  double watts = 0;
  int rails = 0;  // with a current and a voltage
};
// `vcgencmd pmic_read_adc`: "VDD_CORE_A current(7)=1.2A" and "VDD_CORE_V volt(15)=0.8V" by rail.
// Errors: corrupt where no rail has both, or a reading is no number or negative.
Result<PmicReading> parse_pmic(std::string_view text);

}  // namespace hone::ship
