// Figures as people read them.
#pragma once

#include <optional>
#include <string>

namespace hone::ship::report {

// Three significant digits and no exponent below a million: 0.113, 4.19, 125; counts and values
// above are grouped: 16,513.
std::string figure(double v, int significant = 3);
std::string count(double v);          // 16,513
std::string milliseconds(double v);   // "0.113 ms"
std::string bytes(double v);          // "394.9 kB", decimal
std::string signed_points(double v);  // "+0.30", "−0.30", "0.00"
// Without and with its unit; points have two decimals, a "share" is shown in %, a "relative" error
// has no unit.
std::string plain(double v, const std::string& unit);
std::string with_unit(double v, const std::string& unit);
// "dash" where there is none.
std::string or_dash(const std::optional<double>& v, std::string (*print)(double));

}  // namespace hone::ship::report
