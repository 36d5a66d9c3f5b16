// Output of a program that only the system has (vcgencmd).
#pragma once

#include "ship/measure/probes/raspberry_pi.h"

namespace hone::ship {

// What `words` (program found in PATH, arguments) writes to its standard output, at most 64 KiB.
// Errors: not_found where there is no such program; io_error where it fails, writes more, or takes
// longer than limit_s and is ended.
Result<std::string> run_command(const std::vector<std::string>& words, double limit_s);
inline Result<std::string> run_command(const std::vector<std::string>& words) {
  return run_command(words, 2);
}

}  // namespace hone::ship
